using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Redoubt.Recovery;

/// <summary>
/// How requests, inventories, plans and runs are written as JSON: indented, members in the order they are declared in, so that two files
/// compare.
/// </summary>
public static class RecoveryJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        // Names stay readable in any script; this is a file, and no part of a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    private static readonly JsonSerializerOptions LineOptions = new(Options) { WriteIndented = false };

    /// <summary>Writes a value, with a line break at the end.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";

    /// <summary>Writes a value in one line, without a line break.</summary>
    internal static string WriteLine<T>(T value) => JsonSerializer.Serialize(value, LineOptions);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="FormatException">It is not the JSON of such a value.</exception>
    public static T Read<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new FormatException("The JSON holds nothing.");
        }
        catch (JsonException wrong)
        {
            throw new FormatException($"The JSON can't be read: {wrong.Message}", wrong);
        }
    }
}
