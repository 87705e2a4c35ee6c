using System.Globalization;

namespace Redoubt.Database.Dump;

/// <summary>
/// Writes a database dump byte for byte as xapi does, streaming. See <c>docs/formats/dump.md</c>.
/// <code>
/// &lt;?xml version="1.0" encoding="UTF-8"?&gt;⏎
/// &lt;database&gt;&lt;manifest&gt;&lt;pair key="schema_major_vsn" value="5"/&gt;…&lt;/manifest&gt;
/// &lt;table name="T"&gt;&lt;row ref="R" __ctime="1" __mtime="2" column="value"…/&gt;&lt;/table&gt;&lt;table name="U"/&gt;&lt;/database&gt;
/// </code>
/// One line after the declaration and no line end; tables, rows and columns in ordinal order; further manifest pairs after the three.
/// </summary>
public static class DumpWriter
{
    /// <summary>Writes the dump and leaves the stream open; answers how many bytes it has.</summary>
    /// <exception cref="ArgumentException">
    /// The dump holds a character or a column name that no XML document can carry; the message names table, row and column. Parts may
    /// have been written by then.
    /// </exception>
    public static long Write(DatabaseDump dump, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(dump);
        ArgumentNullException.ThrowIfNull(stream);
        return WriteCounted(dump, stream);
    }

    /// <summary>The length in bytes of what <see cref="Write"/> would write.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Write"/>.</exception>
    public static long Measure(DatabaseDump dump)
    {
        ArgumentNullException.ThrowIfNull(dump);
        return WriteCounted(dump, Stream.Null);
    }

    /// <summary>Whether a dump is surely larger than that; tells without encoding it, and stops as soon as it knows.</summary>
    public static bool IsSurelyLargerThan(DatabaseDump dump, long bytes)
    {
        ArgumentNullException.ThrowIfNull(dump);

        // No character takes less than a byte, and behind each name stand a space, an equals sign and two quotes.
        var atLeast = 0L;
        foreach (var row in dump.Tables.SelectMany(t => t.Rows))
        {
            for (var i = 0; i < row.Columns.Count; i++)
            {
                var (name, value) = row.Columns.At(i);
                atLeast += name.Length + value.Length + 4;
            }

            if (atLeast > bytes)
                return true;
        }

        return false;
    }

    private static long WriteCounted(DatabaseDump dump, Stream stream)
    {
        var xml = new XmlOutput(stream);
        xml.Markup("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<database><manifest>"u8);
        Pair(xml, DumpReader.SchemaMajorKey, dump.Manifest.SchemaMajor.ToString(CultureInfo.InvariantCulture));
        Pair(xml, DumpReader.SchemaMinorKey, dump.Manifest.SchemaMinor.ToString(CultureInfo.InvariantCulture));
        Pair(xml, DumpReader.GenerationKey, dump.Manifest.Generation.ToString(CultureInfo.InvariantCulture));
        foreach (var (key, value) in dump.Manifest.Extra)
            Pair(xml, key, value);
        xml.Markup("</manifest>"u8);
        foreach (var table in dump.Tables)
            Table(xml, table);
        xml.Markup("</database>"u8);
        return xml.Finish();
    }

    private static void Pair(XmlOutput xml, string key, string value)
    {
        if (DumpText.IndexOfForbidden(key) >= 0 || DumpText.IndexOfForbidden(value) >= 0)
            throw new ArgumentException($"manifest pair '{key}' holds a character that XML does not have", nameof(value));
        xml.Markup("<pair key=\""u8);
        xml.Text(key);
        xml.Markup("\" value=\""u8);
        xml.Text(value);
        xml.Markup("\"/>"u8);
    }

    private static void Table(XmlOutput xml, DumpTable table)
    {
        if (DumpText.IndexOfForbidden(table.Name) >= 0)
            throw new ArgumentException($"table '{table.Name}' has a name with a character that XML does not have", nameof(table));
        xml.Markup("<table name=\""u8);
        xml.Text(table.Name);
        if (table.Rows.IsEmpty)
        {
            xml.Markup("\"/>"u8);
            return;
        }

        xml.Markup("\">"u8);
        Span<byte> digits = stackalloc byte[24];
        foreach (var row in table.Rows)
        {
            if (DumpText.IndexOfForbidden(row.Ref) >= 0)
                throw new ArgumentException(
                    $"table '{table.Name}' has a row '{row.Ref}' with a character that XML does not have", nameof(table));
            xml.Markup("<row ref=\""u8);
            xml.Text(row.Ref);
            xml.Markup("\" __ctime=\""u8);
            row.CreatedAt.TryFormat(digits, out var length, provider: CultureInfo.InvariantCulture);
            xml.Markup(digits[..length]);
            xml.Markup("\" __mtime=\""u8);
            row.ChangedAt.TryFormat(digits, out length, provider: CultureInfo.InvariantCulture);
            xml.Markup(digits[..length]);
            for (var i = 0; i < row.Columns.Count; i++)
            {
                var (name, value) = row.Columns.At(i);
                if (!xml.Column(name) || DumpText.IndexOfForbidden(value) >= 0)
                    throw new ArgumentException($"column '{name}' of {table.Name} {row.Ref} cannot be carried by XML", nameof(table));
                xml.Protected(value);
            }

            xml.Markup("\"/>"u8);
        }

        xml.Markup("</table>"u8);
    }
}
