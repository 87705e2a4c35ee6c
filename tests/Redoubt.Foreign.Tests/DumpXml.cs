using System.Xml.Linq;

namespace Redoubt.Foreign.Tests;

/// <summary>A dump as the base library reads it: what the tests hold our own reader against.</summary>
internal sealed class DumpXml(string path)
{
    private readonly XDocument _document = XDocument.Load(path);

    public long Generation =>
        long.Parse(
            _document.Descendants("pair").Single(p => (string?)p.Attribute("key") == "generation_count").Attribute("value")!.Value,
            System.Globalization.CultureInfo.InvariantCulture);

    public IEnumerable<XElement> Rows(string table) =>
        _document.Descendants("table").Where(t => (string?)t.Attribute("name") == table).Elements("row");

    public static string Ref(XElement row) => row.Attribute("ref")!.Value;

    /// <summary>A column as its value is, without the protection of white space.</summary>
    public static string Value(XElement row, string column) => Plain(row.Attribute(column)!.Value);

    public static IEnumerable<KeyValuePair<string, string>> Columns(XElement row) => row.Attributes()
        .Where(a => a.Name.LocalName is not ("ref" or "__ctime" or "__mtime"))
            .Select(a => KeyValuePair.Create(a.Name.LocalName, Plain(a.Value)));

    private static string Plain(string text) =>
        text.Replace("%_", "  ", StringComparison.Ordinal).Replace("%.", " ", StringComparison.Ordinal)
        .Replace("%n", "\n", StringComparison.Ordinal).Replace("%%", "%", StringComparison.Ordinal);
}
