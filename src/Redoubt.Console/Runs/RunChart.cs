using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Console.Runs;

/// <summary>A run drawn over time: what each stretch of it took and should take. All times count from its start. Pure.</summary>
/// <param name="Bars">The stretches, in their order.</param>
/// <param name="Now">How long it has run.</param>
/// <param name="Ends">When it should end, or ended; null if that is not known.</param>
/// <param name="Length">How long the axis is.</param>
internal sealed record RunChart(ImmutableArray<RunChart.Bar> Bars, TimeSpan Now, TimeSpan? Ends, TimeSpan Length)
{
    private static readonly int[] Ticks = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 4 * 3600, 12 * 3600, 24 * 3600];

    /// <summary>Where the axis has its marks: six at most, at round times.</summary>
    public IEnumerable<TimeSpan> Marks()
    {
        var every = Ticks.FirstOrDefault(t => Length.TotalSeconds / t <= 6, (int)(Length.TotalSeconds / 6) + 1);
        for (var at = 0; at <= Length.TotalSeconds; at += every)
        {
            yield return TimeSpan.FromSeconds(at);
        }
    }

    /// <summary>Where a moment stands on the axis, in percent.</summary>
    public double Place(TimeSpan at) => Math.Clamp(at / Length * 100, 0, 100);

    /// <summary>The chart of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="now">The time.</param>
    public static RunChart Of(RunRecord run, DateTimeOffset now)
    {
        // What stands still has done nothing since it stopped; where it stands is for the line of now to show.
        var elapsed = Positive((run.EndedAt ?? now) - run.StartedAt);
        var stopped = run.Phase.IsMoving() || run.Phase == RunPhase.Waiting || run.Log.IsEmpty
            ? elapsed
            : Positive(run.Log[^1].At - run.StartedAt);
        var goesOn = !run.IsBackward && !run.Phase.IsFinal();
        var bars = ImmutableArray.CreateBuilder<Bar>();
        var (cursor, isKnown) = (TimeSpan.Zero, true);
        for (var from = 0; from < run.Steps.Length;)
        {
            var title = StretchText.Of(run.Steps[from].Step);
            var to = from;
            while (to < run.Steps.Length && StretchText.Of(run.Steps[to].Step) == title)
            {
                to++;
            }

            var bar = BarOf(run, title, run.Steps[from..to], stopped, goesOn ? Max(cursor, elapsed) : null);
            isKnown &= bar.IsOver || bar.WaitsForPeople || bar.Forecast is not null;
            cursor = Max(cursor, bar.Ends ?? TimeSpan.Zero);
            if (!bar.IsOver && goesOn)
            {
                cursor = Max(cursor, (bar.Starts ?? bar.Expected ?? cursor) + (bar.Forecast ?? TimeSpan.Zero));
            }

            bars.Add(bar);
            from = to;
        }

        TimeSpan? ends = run.EndedAt is not null ? elapsed : goesOn && isKnown ? Max(cursor, elapsed) : null;
        return new(bars.ToImmutable(), elapsed, ends, Max(TimeSpan.FromSeconds(5), Max(cursor, elapsed)));
    }

    private static Bar BarOf(RunRecord run, string title, ImmutableArray<StepRecord> steps, TimeSpan stopped, TimeSpan? expected)
    {
        var begun = steps.Where(s => s.StartedAt is not null).ToList();
        var isOver = steps.All(s => s.Phase is not (StepPhase.Pending or StepPhase.Running or StepPhase.Waiting or StepPhase.Undoing));
        var people = steps.All(s => s.Step is WaitForOperator);
        TimeSpan? forecast = people || steps.Any(s => s.Forecast is null)
            ? null : steps.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Forecast!.Value);
        var worst = steps.Select(s => RunsText.Mark(s.Phase)).Distinct().ToList();
        var kind = worst.Contains("bad") ? "bad" : worst.Contains("warn") ? "warn" : worst.Contains("busy") ? "busy"
            : begun.Count == 0 ? "idle" : isOver ? "ok" : "busy";
        return new(
            title, kind, begun.Count == 0 ? null : Positive(begun.Min(s => s.StartedAt)!.Value - run.StartedAt),
            begun.Count == 0 ? null
                : isOver ? Positive(begun.Max(s => s.EndedAt ?? s.StartedAt)!.Value - run.StartedAt) : stopped,
            begun.Count == 0 ? expected : null, forecast, people, isOver);
    }

    private static TimeSpan Positive(TimeSpan time) => Max(time, TimeSpan.Zero);

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>A stretch of a run whose steps do the same kind of thing.</summary>
    /// <param name="Title">What it does.</param>
    /// <param name="Kind">How it stands: <c>ok</c>, <c>busy</c>, <c>warn</c>, <c>bad</c> or <c>idle</c>.</param>
    /// <param name="Starts">When it began; null if it has not.</param>
    /// <param name="Ends">When it ended, or how far it has come.</param>
    /// <param name="Expected">When it should begin; null if it has, or will not.</param>
    /// <param name="Forecast">How long it should take; null if that is not known of every step.</param>
    /// <param name="WaitsForPeople">Whether it waits for a person, for as long as they take.</param>
    /// <param name="IsOver">Whether all of its steps are over.</param>
    internal sealed record Bar(
        string Title, string Kind, TimeSpan? Starts, TimeSpan? Ends, TimeSpan? Expected, TimeSpan? Forecast, bool WaitsForPeople,
        bool IsOver);
}
