using System.Text;

namespace Redoubt.Cli.Output;

/// <summary>Prints records as xe does, to the letter, because scripts read them.</summary>
internal static class RecordPrinter
{
    private const int Margin = 4;

    /// <summary>
    /// The first field's name stands to the left, all others to the right before their colon; two blank lines end a record. With
    /// <c>--minimal</c>: the first field's values on one line, with commas between.
    /// </summary>
    public static void Print(Terminal terminal, IReadOnlyList<IReadOnlyList<KeyValuePair<string, string>>> records, bool minimal)
    {
        if (minimal)
        {
            PrintMinimal(terminal, records.Where(r => r.Count > 0).Select(r => r[0].Value));
            return;
        }

        foreach (var record in records)
        {
            terminal.Output.Write(Layout(record));
            terminal.Output.Write("\n\n");
        }
    }

    /// <summary>Values on one line; a comma or backslash within one has a backslash before it.</summary>
    public static void PrintMinimal(Terminal terminal, IEnumerable<string> values) =>
        terminal.PrintLine(
            string.Join(
                ',',
                values.Select(
                    v => PlainLines.Escaped(
                        v.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal)))));

    private static StringBuilder Layout(IReadOnlyList<KeyValuePair<string, string>> record)
    {
        var width = Margin + record.Select(f => f.Key.Length).DefaultIfEmpty().Max();
        var text = new StringBuilder();
        for (var i = 0; i < record.Count; i++)
        {
            var (name, value) = record[i];
            text.Append(i == 0 ? name.PadRight(width) : name.PadLeft(width)).Append(": ").Append(PlainLines.Escaped(value)).Append('\n');
        }

        return text;
    }
}
