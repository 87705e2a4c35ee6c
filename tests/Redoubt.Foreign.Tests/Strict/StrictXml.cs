using System.Net;
using System.Text.RegularExpressions;

namespace Redoubt.Foreign.Tests.Strict;

/// <summary>Takes a dump apart as xapi writes it: a declaration, then tags on one line with nothing between them.</summary>
internal static partial class StrictXml
{
    private const string Declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

    public static StrictDatabase Read(string xml, XapiSchema schema)
    {
        DemandException.Unless(xml.StartsWith(Declaration, StringComparison.Ordinal), "the XML declaration");
        var database = new StrictDatabase(schema);
        var open = new Stack<string>();
        var table = "";
        var at = Declaration.Length;
        foreach (var tag in Tag().EnumerateMatches(xml, at))
        {
            DemandException.Unless(tag.Index == at, $"text between tags at {at}");
            at = tag.Index + tag.Length;
            var match = Tag().Match(xml, tag.Index, tag.Length);
            var name = match.Groups["name"].Value;
            if (match.Groups["end"].Length > 0)
            {
                DemandException.Unless(open.Count > 0 && open.Pop() == name, $"</{name}> closes what is open");
                continue;
            }

            var within = open.TryPeek(out var parent) ? parent : "";
            DemandException.Unless(
                (within, name) is ("", "database") or ("database", "manifest" or "table") or ("manifest", "pair") or ("table", "row"),
                $"Unexpected tag <{name}> in <{within}>");
            var attributes = match.Groups["attribute"].Captures.Select(Split).ToList();
            switch (name)
            {
                case "pair": database.Manifest.Add(Value(attributes, "key"), Value(attributes, "value")); break;
                case "table": database.AddTable(table = Value(attributes, "name")); break;
                case "row": database.AddRow(table, [.. attributes.Select(a => Unprotect(a, table))]); break;
            }

            if (match.Groups["empty"].Length == 0)
            {
                open.Push(name);
            }
        }

        DemandException.Unless(at == xml.Length && open.Count == 0, $"the document ends where its tags end, not at {at} of {xml.Length}");
        return database;
    }

    private static KeyValuePair<string, string> Split(Capture attribute)
    {
        var equals = attribute.Value.IndexOf('=', StringComparison.Ordinal);
        var value = attribute.Value[(equals + 2)..^1];
        DemandException.Unless(!BadEntity().IsMatch(value), $"escaping in {attribute.Value}");
        return new(attribute.Value[..equals].Trim(), WebUtility.HtmlDecode(value));
    }

    private static string Value(List<KeyValuePair<string, string>> attributes, string name) => attributes.Single(a => a.Key == name).Value;

    private static KeyValuePair<string, string> Unprotect(KeyValuePair<string, string> column, string table)
    {
        if (column.Key is "ref" or "__ctime" or "__mtime")
        {
            return column;
        }

        DemandException.Unless(
            !column.Value.AsSpan().ContainsAny(" \t\r\n"), $"{table}.{column.Key}: bare white space is lost by an XML parser");
        DemandException.Unless(
            !BadProtection().IsMatch(column.Value), $"{table}.{column.Key}: '{column.Value}' has a % sequence that xapi does not write");
        return new(
            column.Key,
            Protection().Replace(column.Value, m => m.Value[1] switch { '.' => " ", 't' => "\t", 'n' => "\n", 'r' => "\r", _ => "%" }));
    }

    [GeneratedRegex("<(?<end>/?)(?<name>[a-z]+)(?<attribute> [A-Za-z0-9_]+=\"[^\"<]*\")*(?<empty>/?)>", RegexOptions.ExplicitCapture)]
    private static partial Regex Tag();

    [GeneratedRegex("&(?!amp;|lt;|gt;|quot;|apos;|#9;|#10;|#13;)", RegexOptions.ExplicitCapture)]
    private static partial Regex BadEntity();

    [GeneratedRegex("%[.tnr%]", RegexOptions.ExplicitCapture)]
    private static partial Regex Protection();

    [GeneratedRegex("^([^%]|%[.tnr%])*%([^.tnr%]|$)", RegexOptions.ExplicitCapture)]
    private static partial Regex BadProtection();
}
