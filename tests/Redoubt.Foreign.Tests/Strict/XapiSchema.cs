using System.Text.Json;
using System.Text.RegularExpressions;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>xapi's tables and columns, from its own printed listing, and its fields' types, from its interface description.</summary>
internal sealed partial class XapiSchema
{
    private readonly Dictionary<(string Table, string Field), string> _types = [];
    private readonly Dictionary<string, HashSet<string>> _enums = [];

    public XapiSchema()
    {
        List<XapiColumn>? columns = null;
        foreach (var line in File.ReadLines(SharedFiles.Reference("xapi-database-schema.txt")))
        {
            if (TableLine().Match(line) is { Success: true } table)
            {
                Tables[table.Groups["name"].Value] = (table.Groups["persistent"].Value == "true", columns = []);
            }
            else if (ColumnLine().Match(line) is { Success: true } column)
            {
                columns!.Add(
                    new(
                        column.Groups["name"].Value, column.Groups["persistent"].Value == "true", column.Groups["shape"].Value,
                        column.Groups["default"].Value != "-"));
            }
        }

        using var api = JsonDocument.Parse(File.ReadAllBytes(SharedFiles.Reference("xenapi.json")));
        foreach (var type in api.RootElement.EnumerateArray())
        {
            foreach (var field in type.GetProperty("fields").EnumerateArray())
            {
                _types[(type.GetProperty("name").GetString()!, field.GetProperty("name").GetString()!)] = field.GetProperty("type")
                    .GetString()!;
            }

            foreach (var names in type.GetProperty("enums").EnumerateArray())
            {
                _enums[names.GetProperty("name").GetString()!] = [.. names.GetProperty("values").EnumerateArray()
                    .Select(v => v.GetProperty("name").GetString()!)];
            }
        }
    }

    public Dictionary<string, (bool IsPersistent, List<XapiColumn> Columns)> Tables { get; } = [];

    /// <summary>The type of a column, in the words of the interface description; by its shape where that has none.</summary>
    public string TypeOf(string table, XapiColumn column) =>
        _types.GetValueOrDefault((table, column.Name.Replace("__", "_", StringComparison.Ordinal)))
        ?? column.Shape switch { "Set" => "string set", "Pairs" => "(string -> string) map", _ => "string" };

    public bool IsName(string type, string text) => _enums[type].Contains(text);

    [GeneratedRegex("^table (?<name>\\S+) persistent=(?<persistent>\\S+)", RegexOptions.ExplicitCapture)]
    private static partial Regex TableLine();

    [GeneratedRegex(
        "^  (?<name>\\S+) persistent=(?<persistent>\\S+) type=(?<shape>\\S+) default=(?<default>.*)$", RegexOptions.ExplicitCapture)]
    private static partial Regex ColumnLine();
}
