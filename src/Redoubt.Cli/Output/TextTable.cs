namespace Redoubt.Cli.Output;

/// <summary>Rows with their columns aligned; the first row is the heading.</summary>
internal static class TextTable
{
    // A column wider than this would push the next one off the screen; such a cell sticks out instead.
    private const int Widest = 48;

    public static void Write(TextWriter output, IReadOnlyList<string[]> rows, string indent = "")
    {
        rows = [.. rows.Select(r => Array.ConvertAll(r, PlainLines.OneLine))];
        var widths = Enumerable.Range(0, rows[0].Length).Select(i => Math.Min(Widest, rows.Max(r => r[i].Length))).ToList();
        foreach (var row in rows)
        {
            output.Write(
                (indent + string.Join("  ", row.Select((cell, i) => i == row.Length - 1 ? cell : cell.PadRight(widths[i]))))
                    .TrimEnd() + "\n");
        }
    }
}
