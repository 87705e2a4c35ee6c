using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Redoubt.Cli.Fields;
using Redoubt.XenApi;

namespace Redoubt.Cli.Output;

/// <summary>
/// Prints records as JSON: text as it is, line breaks and all; sets as arrays, maps as objects, numbers and truth as such.
/// </summary>
internal static class RecordJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An array of objects.</summary>
    public static void PrintAll(Terminal terminal, IEnumerable<IReadOnlyList<(XeField Field, FieldValue? Value)>> records) =>
        Print(terminal, json =>
        {
            json.WriteStartArray();
            foreach (var record in records)
            {
                Write(json, record);
            }

            json.WriteEndArray();
        });

    /// <summary>One object.</summary>
    public static void PrintOne(Terminal terminal, IReadOnlyList<(XeField Field, FieldValue? Value)> record) =>
        Print(terminal, json => Write(json, record));

    /// <summary>An array of objects whose members are all text.</summary>
    public static void PrintTexts(Terminal terminal, IEnumerable<IEnumerable<KeyValuePair<string, string>>> records) =>
        Print(terminal, json =>
        {
            json.WriteStartArray();
            foreach (var record in records)
            {
                Write(json, record);
            }

            json.WriteEndArray();
        });

    /// <summary>One object whose members are all text.</summary>
    public static void PrintText(Terminal terminal, IEnumerable<KeyValuePair<string, string>> record) =>
        Print(terminal, json => Write(json, record));

    private static void Print(Terminal terminal, Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, Options))
        {
            write(json);
        }

        terminal.PrintLine(Encoding.UTF8.GetString(bytes.ToArray()));
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> record)
    {
        json.WriteStartObject();
        foreach (var (name, value) in record)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<(XeField Field, FieldValue? Value)> record)
    {
        json.WriteStartObject();
        foreach (var (field, value) in record)
        {
            json.WritePropertyName(field.Name);
            if (value is null)
            {
                json.WriteNullValue();
            }
            else
            {
                Write(json, value);
            }
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, FieldValue value)
    {
        if (value.Pairs is { } pairs)
        {
            json.WriteStartObject();
            foreach (var (key, text) in pairs.DistinctBy(p => p.Key))
            {
                json.WriteString(key, text);
            }

            json.WriteEndObject();
        }
        else if (value.Elements is { } elements)
        {
            json.WriteStartArray();
            foreach (var element in elements)
            {
                json.WriteStringValue(element);
            }

            json.WriteEndArray();
        }
        else if (value.Type == XenTypes.Bool && bool.TryParse(value.Text, out var truth))
        {
            json.WriteBooleanValue(truth);
        }
        else if (value.Type == XenTypes.Int
            && long.TryParse(value.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            json.WriteNumberValue(number);
        }
        else
        {
            json.WriteStringValue(value.Text);
        }
    }
}
