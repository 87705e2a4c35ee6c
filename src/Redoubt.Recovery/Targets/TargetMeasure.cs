using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>A target and what was measured against it: the one judgement, for whoever shows it. Pure.</summary>
/// <param name="Target">The target.</param>
/// <param name="Measured">What was measured; null where there is nothing, or no end to it.</param>
/// <param name="Verdict">Whether the target is kept.</param>
/// <param name="How">How it was measured, or why it could not be, in a clause.</param>
public sealed record TargetMeasure(TimeSpan Target, TimeSpan? Measured, TargetVerdict Verdict, string How)
{
    // What changes by less is chance.
    private const double Notable = 0.1;

    /// <summary>The measurements before, the newest first.</summary>
    public ImmutableArray<TimeSpan> Earlier { get; init; } = [];

    /// <summary>Where it goes; null with nothing before it.</summary>
    public TargetTrend? Trend => Measured is not { } now || Earlier.IsEmpty ? null
        : Earlier.Average(e => e.TotalSeconds) is var before && now.TotalSeconds > before * (1 + Notable) ? TargetTrend.Worse
        : now.TotalSeconds < before * (1 - Notable) ? TargetTrend.Better
        : TargetTrend.Steady;

    /// <summary>Judges a measurement; one as long as its target keeps it.</summary>
    public static TargetMeasure Of(TimeSpan target, TimeSpan measured, string how) =>
        new(target, measured, measured <= target ? TargetVerdict.Met : TargetVerdict.Exceeded, how);

    /// <summary>Judges what has no end: nothing would come back, or not all did. No target is kept by that.</summary>
    public static TargetMeasure Endless(TimeSpan target, string why) => new(target, null, TargetVerdict.Exceeded, why);

    /// <summary>Says that there is nothing to judge.</summary>
    public static TargetMeasure Unknown(TimeSpan target, string why) => new(target, null, TargetVerdict.Unknown, why);
}
