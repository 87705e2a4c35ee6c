using System.Globalization;
using System.Net;
using System.Text;

namespace Redoubt.Recovery;

/// <summary>A report as one HTML file that needs nothing else: no script, no font, no address; pictures are in it.</summary>
internal static class ReportHtml
{
    // Also where it is opened as a file, and its reader sends no headers: whatever a name in it might hold, nothing runs and nothing is
    // fetched.
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

    // An A4 page, also on a screen. Words are broken only where a line has no other place: a table that is too wide scrolls.
    private const string Style = """
        @page{size:A4;margin:14mm}
        body{font:13px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:190mm;padding:0 1rem;color:#1c2329;background:#fff}
        h1{font-size:1.5rem;margin:0 0 .6rem}h2{font-size:1rem;margin:1.4rem 0 .3rem;break-after:avoid}
        .verdict{font-size:1.05rem;font-weight:600;border-left:.4rem solid;padding:.5rem .8rem;margin:0 0 .8rem}
        .good{border-color:#1a7f37;background:#eaf6ed}.open{border-color:#9a6700;background:#fdf6e3}
        .bad{border-color:#b3261e;background:#fceeed}
        .figures{display:flex;gap:.6rem;margin:0 0 .8rem;padding:0}
        .figures div{flex:1;border:1px solid #d5dade;border-radius:.3rem;padding:.4rem .6rem}
        .figures dt{color:#57616a;font-size:.85rem}.figures dd{margin:0;font-size:1.05rem;font-weight:600}
        .figures dd+dd{font-size:.85rem;font-weight:400}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92em}tr{break-inside:avoid}
        th,td{text-align:left;vertical-align:top;padding:.2rem .5rem;border-bottom:1px solid #d5dade;overflow-wrap:break-word}
        th{background:#f2f4f6}
        td:first-child{min-width:1.2rem}.chart{width:100%;font:10.5px system-ui,sans-serif}.chart .grid{stroke:#e3e7ea}
        .chart .axis{fill:#57616a;text-anchor:middle}
        .chart .forecast{fill:none;stroke:#7a8691;stroke-dasharray:3 2}.chart .done{fill:#2f6fb3}.chart .ill{fill:#b3261e}
        .screens{display:grid;grid-template-columns:repeat(auto-fill,minmax(70mm,1fr));gap:.6rem}figure{margin:0;break-inside:avoid}
        figure img{width:100%;border:1px solid #d5dade}figcaption{color:#57616a;font-size:.85rem}
        .note{color:#57616a;margin:.2rem 0}
        ul{margin:.2rem 0;padding-left:1.2rem}@media print{body{margin:0;max-width:none;padding:0}}
        """;

    public static string Write(ReportText report)
    {
        var html = new StringBuilder(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta HTTP-EQUIV=\"Content-Security-Policy\" content=\""
                + Policy + "\">\n<meta name=\"viewport\" content=\"width=device-width\">\n");
        html.Append("<title>").Append(Escape(report.Title)).Append("</title>\n<style>\n").Append(Style)
            .Append("\n</style>\n</head>\n<body>\n");
        html.Append("<h1>").Append(Escape(report.Title)).Append("</h1>\n<p class=\"verdict ").Append(ClassOf(report.Tone)).Append("\">")
            .Append(Escape(report.Verdict)).Append("</p>\n<dl class=\"figures\">\n");
        foreach (var figure in report.Figures)
        {
            html.Append("<div><dt>").Append(Escape(figure.Name)).Append("</dt><dd>").Append(Escape(figure.Value)).Append("</dd>")
                .Append(figure.Against.Length > 0 ? $"<dd>{Escape(figure.Against)}</dd>" : "").Append("</div>\n");
        }

        html.Append("</dl>\n").Append(ReportChart.Write(report.Bars, Escape));
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

        if (!report.Screens.IsEmpty)
        {
            html.Append("<h2>Screens</h2>\n<div class=\"screens\">\n");
            foreach (var screen in report.Screens)
            {
                var caption = Escape(screen.Caption);
                html.Append("<figure><img alt=\"The screen of ").Append(caption).Append("\" src=\"data:image/png;base64,")
                    .Append(Escape(screen.Png)).Append("\"><figcaption>").Append(caption).Append("</figcaption></figure>\n");
            }

            html.Append("</div>\n");
        }

        return html.Append("</body>\n</html>\n").ToString();
    }

    private static string ClassOf(ReportTone tone) => tone switch
    {
        ReportTone.Good => "good",
        ReportTone.Open => "open",
        ReportTone.Bad => "bad",
    };

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
