using System.Globalization;
using System.Net;
using System.Text;

namespace Redoubt.Recovery;

/// <summary>A report as one HTML file that needs nothing else: no script, no font, no address.</summary>
internal static class ReportHtml
{
    // Also where it is opened as a file, and its reader sends no headers: whatever a name in it might hold, nothing runs and nothing is
    // fetched.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    private const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c2329;background:#fff}
        h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2rem}
        .verdict{font-size:1.1rem;border-left:.4rem solid #456;padding-left:.8rem}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
        th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #d5dade;overflow-wrap:anywhere}th{background:#f2f4f6}
        @media print{body{margin:0;max-width:none}}
        """;

    public static string Write(ReportText report)
    {
        var html = new StringBuilder(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta HTTP-EQUIV=\"Content-Security-Policy\" content=\""
                + Policy + "\">\n<meta name=\"viewport\" content=\"width=device-width\">\n");
        html.Append("<title>").Append(Escape(report.Title)).Append("</title>\n<style>\n").Append(Style)
            .Append("\n</style>\n</head>\n<body>\n");
        html.Append("<h1>").Append(Escape(report.Title)).Append("</h1>\n<p class=\"verdict\">")
            .Append(Escape(report.Verdict)).Append("</p>\n");
        foreach (var section in report.Sections)
        {
            html.Append("<h2>").Append(Escape(section.Heading)).Append("</h2>\n");
            if (section.Rows.IsEmpty)
            {
                html.Append("<p>None.</p>\n");
            }
            else if (section.Columns.IsEmpty)
            {
                html.Append("<ul>\n");
                foreach (var row in section.Rows)
                {
                    html.Append("<li>").Append(Escape(row[0])).Append("</li>\n");
                }

                html.Append("</ul>\n");
            }
            else
            {
                Table(html, section);
            }
        }

        return html.Append("</body>\n</html>\n").ToString();
    }

    private static void Table(StringBuilder html, ReportSection section)
    {
        html.Append("<div class=\"scroll\"><table>\n");
        if (section.Columns.Any(c => c.Length > 0))
        {
            html.Append("<tr>").AppendJoin("", section.Columns.Select(c => $"<th>{Escape(c)}</th>")).Append("</tr>\n");
        }

        foreach (var row in section.Rows)
        {
            html.Append("<tr>").AppendJoin("", row.Select(c => $"<td>{Escape(c)}</td>")).Append("</tr>\n");
        }

        html.Append("</table></div>\n");
    }

    // Names come from guests' owners and other pools, and are nobody's to trust: neither as tags, nor to turn the direction of what stands
    // beside them.
    private static string Escape(string text) => WebUtility.HtmlEncode(string.Concat(text.Select(c => IsHarmful(c) ? '\uFFFD' : c)));

    private static bool IsHarmful(char c) =>
        c is not ('\n' or '\t') && char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format;
}
