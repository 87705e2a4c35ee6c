using System.Xml;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Tests.Dump;

/// <summary>A second reader of dumps, on the base library's XML reader, to hold ours to.</summary>
internal static class XmlReaderDumps
{
    /// <summary>Every row as "table/ref/column=value", sorted; values still protected.</summary>
    public static List<string> Read(string text)
    {
        using var xml = XmlReader.Create(new StringReader(text), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        var (table, lines) = ("", new List<string>());
        while (xml.Read())
        {
            if (xml.NodeType != XmlNodeType.Element)
                continue;
            if (xml.Name == "table")
                table = xml.GetAttribute("name")!;
            if (xml.Name != "row")
                continue;
            var reference = xml.GetAttribute("ref");
            while (xml.MoveToNextAttribute())
                if (xml.Name is not ("ref" or "__ctime" or "__mtime"))
                    lines.Add($"{table}/{reference}/{xml.Name}={SpaceProtection.Unprotect(xml.Value)}");
        }

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    public static List<string> Normalise(DatabaseDump dump)
    {
        var lines = dump.Tables.SelectMany(
            t => t.Rows.SelectMany(r => r.Columns.Select(c => $"{t.Name}/{r.Ref}/{c.Key}={c.Value}"))).ToList();
        lines.Sort(StringComparer.Ordinal);
        return lines;
    }
}
