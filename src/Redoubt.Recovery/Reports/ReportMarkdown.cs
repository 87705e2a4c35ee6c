using System.Text;

namespace Redoubt.Recovery;

/// <summary>A report as Markdown, with tables as GitHub and others read them.</summary>
internal static class ReportMarkdown
{
    public static string Write(ReportText report)
    {
        var text = new StringBuilder($"# {Escape(report.Title)}\n\n**{Escape(report.Verdict)}**\n\n");
        foreach (var figure in report.Figures)
        {
            text.Append("- ").Append(Escape(figure.Name)).Append(": ").Append(Escape(figure.Value))
                .Append(figure.Against.Length > 0 ? $" ({Escape(figure.Against)})" : "").Append('\n');
        }

        foreach (var section in report.Sections)
        {
            text.Append("\n## ").Append(Escape(section.Heading)).Append("\n\n");
            if (section.Rows.IsEmpty)
            {
                text.Append("None.\n");
            }
            else if (section.Columns.IsEmpty)
            {
                foreach (var row in section.Rows)
                {
                    text.Append("- ").Append(Escape(row[0])).Append('\n');
                }
            }
            else
            {
                Row(text, section.Columns);
                text.Append('|').AppendJoin("", section.Columns.Select(_ => "---|")).Append('\n');
                foreach (var row in section.Rows)
                {
                    Row(text, row);
                }
            }
        }

        return text.ToString();
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells.Select(Escape)).Append(" |\n");

    // A name must not become a heading, a link, a cell or a tag.
    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            _ = c switch
            {
                '\r' => text,
                '\n' or '\t' => text.Append(' '),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '&' => text.Append("&amp;"),
                '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '|' or '~' or '!' => text.Append('\\').Append(c),
                _ => text.Append(c),
            };
        }

        return text.ToString();
    }
}
