using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Redoubt.Recovery;

/// <summary>The chart of a run's time as a picture inside the page: what was done when, and how long it should have taken.</summary>
internal static class ReportChart
{
    // More would not fit the page that the verdict stands on; the table has all.
    private const int Most = 24;
    private const int Row = 16;
    private const int Names = 250;
    private const int Width = 720;
    private const int LongestName = 42;

    /// <summary>The chart; nothing if no step has ended.</summary>
    public static string Write(ImmutableArray<ReportBar> bars, Func<string, string> escape)
    {
        if (bars.IsEmpty)
        {
            return "";
        }

        var shown = bars.Take(Most).ToList();
        var whole = Math.Max(shown.Max(b => (b.From + b.Took).TotalSeconds), 0.1);
        var height = (shown.Count * Row) + 22;
        var svg = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture,
            $"<svg class=\"chart\" viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"When each step was done\">\n"));
        for (var quarter = 0; quarter <= 4; quarter++)
        {
            var x = Names + ((Width - Names - 40) * quarter / 4.0);
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line class=\"grid\" x1=\"{x:0.#}\" x2=\"{x:0.#}\" y1=\"0\" y2=\"{height - 18}\"/>"
                    + $"<text class=\"axis\" x=\"{x:0.#}\" y=\"{height - 5}\">{escape(Time(whole * quarter / 4))}</text>\n");
        }

        foreach (var (bar, i) in shown.Select((b, i) => (b, i)))
        {
            var y = i * Row;
            var name = bar.Name.Length > LongestName ? bar.Name[..(LongestName - 1)] + "…" : bar.Name;
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"0\" y=\"{y + 11}\">{escape(name)}</text>");
            if (bar.Forecast is { } forecast)
            {
                Box(svg, "forecast", bar.From, forecast, y + 1, Row - 4, whole);
            }

            Box(svg, bar.IsWell ? "done" : "ill", bar.From, bar.Took, y + 3, Row - 8, whole);
            svg.Append('\n');
        }

        svg.Append("</svg>\n");
        return bars.Length > Most
            ? svg.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">The first {Most} of {bars.Length} steps.</p>\n").ToString()
            : svg.ToString();
    }

    private static string Time(double seconds) => TargetText.Time(TimeSpan.FromSeconds(seconds));

    private static void Box(StringBuilder svg, string kind, TimeSpan from, TimeSpan took, int y, int height, double whole)
    {
        const double Room = Width - Names - 40;
        var (x, width) = (from.TotalSeconds / whole * Room, took.TotalSeconds / whole * Room);
        width = Math.Min(Math.Max(width, 1.5), Math.Max(1.5, Room + 40 - x));
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<rect class=\"{kind}\" x=\"{Names + x:0.#}\" y=\"{y}\" width=\"{width:0.#}\" height=\"{height}\"/>");
    }
}
