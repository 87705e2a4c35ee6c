using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>Targets and what was measured, in words.</summary>
public static class TargetText
{
    /// <summary>A time that is compared with another: more exact than plans are.</summary>
    public static string Time(TimeSpan time) => time.TotalMinutes < 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s")
        : time.TotalHours < 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds} s")
        : time.TotalDays < 2 ? string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes} min")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0.0} days");

    /// <summary>What was measured against what: <c>40 s of 5 min 0 s: met</c>.</summary>
    public static string Of(TargetMeasure measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        var measured = measure switch
        {
            { Measured: { } time } => Time(time),
            { Verdict: TargetVerdict.Exceeded } => "no end",
            _ => "not known",
        };
        return $"{measured} of {Time(measure.Target)}: {Word(measure.Verdict)}{Trend(measure.Trend)}";
    }

    /// <summary>The verdict for people.</summary>
    public static string Word(TargetVerdict verdict) => verdict switch
    {
        TargetVerdict.Met => "met",
        TargetVerdict.Exceeded => "NOT MET",
        TargetVerdict.Unknown => "not measured",
    };

    private static string Trend(TargetTrend? trend) => trend is not { } known ? "" : known switch
    {
        TargetTrend.Steady => ", as before",
        TargetTrend.Better => ", shorter than before",
        TargetTrend.Worse => ", longer than before",
    };
}
