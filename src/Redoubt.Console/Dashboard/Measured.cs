using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Recovery;

namespace Redoubt.Console.Dashboard;

/// <summary>What runs have measured, as charts draw it: the oldest on the left, heights from 0 to 100. Pure.</summary>
/// <param name="Points">The runs.</param>
/// <param name="Top">What the full height stands for.</param>
internal sealed record Measured(ImmutableArray<Measured.Point> Points, TimeSpan Top)
{
    // Round numbers at the top of the axis, which people read faster than measured ones.
    private static readonly int[] Tops = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 4 * 3600, 8 * 3600, 24 * 3600, 7 * 24 * 3600];

    /// <summary>How long until everything was where it was wanted, of the last runs in which it came there.</summary>
    public static Measured Rtos(IEnumerable<RunSummary> runs) => Of(runs, r => r.Rto, 10);

    /// <summary>How old what they took was, of the last runs of which that is known.</summary>
    public static Measured Rpos(IEnumerable<RunSummary> runs) => Of(runs, r => r.Rpo, 30);

    /// <summary>The outline of an area below the points, for a picture of 100 by 100.</summary>
    public string Area => Points.IsEmpty ? "" : $"M{X(0)} 100 {string.Join(' ', Line())} L{X(Points.Length - 1)} 100 Z";

    /// <summary>The line through the points.</summary>
    public string Path => Points.IsEmpty ? "" : "M" + string.Join(' ', Line())[1..];

    private IEnumerable<string> Line() =>
        Points.Select((p, i) => string.Create(CultureInfo.InvariantCulture, $"L{X(i)} {100 - p.Height:0.##}"));

    private string X(int index) =>
        (Points.Length == 1 ? 100 : index * 100.0 / (Points.Length - 1)).ToString("0.##", CultureInfo.InvariantCulture);

    private static Measured Of(IEnumerable<RunSummary> runs, Func<RunSummary, TimeSpan?> value, int most)
    {
        var measured = runs.Where(r => r.Phase.IsFinal() && value(r) is not null)
            .OrderByDescending(r => r.StartedAt).Take(most).Reverse().ToList();
        var longest = measured.Count == 0 ? TimeSpan.Zero : measured.Max(r => value(r)!.Value);
        var top = Tops.Select(t => TimeSpan.FromSeconds(t))
            .FirstOrDefault(t => t >= longest, TimeSpan.FromDays(Math.Ceiling(longest.TotalDays)));
        return new([.. measured.Select(r => new Point(r, value(r)!.Value, value(r)!.Value / top * 100))], top);
    }

    /// <summary>What one run measured.</summary>
    /// <param name="Run">The run.</param>
    /// <param name="Value">How long.</param>
    /// <param name="Height">How high that is.</param>
    internal sealed record Point(RunSummary Run, TimeSpan Value, double Height);
}
