using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Redoubt.Cli.Inspecting;

/// <summary>Writes a report for programs. The names are those of the records, in lower case with underscores.</summary>
internal static class InspectJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },

        // Names in other scripts stay readable; control characters are escaped, so that no name can play with a terminal.
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        WriteIndented = true,
    };

    public static string Write(InspectReport report) => JsonSerializer.Serialize(report, Options);
}
