using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Redoubt.Recovery;

/// <summary>
/// How requests, inventories, plans and runs are written as JSON: indented, members in the order they are declared in, so that two files
/// compare.
/// </summary>
public static class RecoveryJson
{
    /// <summary>How it is written.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
        // Names stay readable in any script; this is a file, and no part of a web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    private static readonly JsonSerializerOptions LineOptions = new(Options) { WriteIndented = false };

    private static readonly JsonSerializerOptions ExactOptions =
        new(Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>Writes a value, with a line break at the end.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options) + "\n";

    /// <summary>Writes a value in one line, without a line break.</summary>
    internal static string WriteLine<T>(T value) => JsonSerializer.Serialize(value, LineOptions);

    /// <summary>Reads what <see cref="Write"/> wrote. Members that such a value does not have are passed over: a newer version may have
    /// written them.</summary>
    /// <exception cref="FormatException">It is not the JSON of such a value.</exception>
    public static T Read<T>(string json) => Read<T>(json, Options);

    /// <summary>The same of what a person has written, where a member that such a value does not have is a mistake.</summary>
    /// <exception cref="FormatException">It is not the JSON of such a value.</exception>
    public static T ReadExact<T>(string json) => Read<T>(json, ExactOptions);

    private static T Read<T>(string json, JsonSerializerOptions options)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, options) ?? throw new FormatException("The JSON holds nothing.");
        }
        catch (JsonException wrong)
        {
            throw new FormatException($"The JSON can't be read: {wrong.Message}", wrong);
        }
    }
}
