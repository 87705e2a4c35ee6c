using System.Globalization;
using System.Text.Json;

namespace Redoubt.XenApi;

/// <summary>Writes values as JSON: whole numbers as numbers, moments as text.</summary>
/// <param name="json">Where to.</param>
/// <param name="isOpen">Whether text that is JSON is written as what it is, in the place of text.</param>
public sealed class JsonWireWriter(Utf8JsonWriter json, bool isOpen = false) : IWireWriter
{
    /// <inheritdoc/>
    public void String(string value) => json.WriteStringValue(value);

    /// <inheritdoc/>
    public void Json(string value)
    {
        if (isOpen)
        {
            json.WriteRawValue(value);
        }
        else
        {
            String(value);
        }
    }

    /// <inheritdoc/>
    public void Int(long value) => json.WriteNumberValue(value);

    /// <inheritdoc/>
    public void Int32(int value) => json.WriteNumberValue(value);

    // JSON has no spelling for what is no number; xapi writes a float that is whole with a fraction, and some clients tell by it.
    /// <inheritdoc/>
    public void Float(double value)
    {
        if (!double.IsFinite(value))
        {
            json.WriteNullValue();
            return;
        }

        var text = value.ToString("R", CultureInfo.InvariantCulture);
        json.WriteRawValue(text.AsSpan().ContainsAny(".eE") ? text : text + ".0", skipInputValidation: true);
    }

    /// <inheritdoc/>
    public void Bool(bool value) => json.WriteBooleanValue(value);

    /// <inheritdoc/>
    public void DateTime(DateTimeOffset value) => json.WriteStringValue(XenTypes.DateTime.Encode(value));

    /// <inheritdoc/>
    public void Null() => json.WriteNullValue();

    /// <inheritdoc/>
    public void BeginArray() => json.WriteStartArray();

    /// <inheritdoc/>
    public void EndArray() => json.WriteEndArray();

    /// <inheritdoc/>
    public void BeginStruct() => json.WriteStartObject();

    /// <inheritdoc/>
    public void Key(string name) => json.WritePropertyName(name);

    /// <inheritdoc/>
    public void EndStruct() => json.WriteEndObject();
}
