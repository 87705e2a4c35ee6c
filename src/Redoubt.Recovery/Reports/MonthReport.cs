using System.Collections.Immutable;
using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>What a month was for a pool, for people and auditors: tests, recoveries, targets, and copies that were broken. Pure.</summary>
public sealed record MonthReport
{
    /// <summary>The format of the JSON.</summary>
    public string Format { get; init; } = "redoubt-month/1";

    /// <summary>The pool.</summary>
    public required PlanObject Pool { get; init; }

    /// <summary>The month, as <c>2026-11</c>, in UTC.</summary>
    public required string Month { get; init; }

    /// <summary>When this was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whether the month was over by then.</summary>
    public required bool IsOver { get; init; }

    /// <summary>The runs that were started in it, the oldest first.</summary>
    public ImmutableArray<RunSummary> Runs { get; init; } = [];

    /// <summary>How everything with a target stands to it, when this was made.</summary>
    public ImmutableArray<MonthTarget> Targets { get; init; } = [];

    /// <summary>When a target was not kept any more, or again.</summary>
    public ImmutableArray<MonthEvent> TargetEvents { get; init; } = [];

    /// <summary>When a copy of the metadata was broken, or whole again.</summary>
    public ImmutableArray<MonthEvent> CopyEvents { get; init; } = [];

    /// <summary>When two persons were asked for, or passed by, and when tests were not started.</summary>
    public ImmutableArray<MonthEvent> OtherEvents { get; init; } = [];

    /// <summary>The bounds of a month in UTC; null if that is none.</summary>
    public static (DateTimeOffset From, DateTimeOffset To)? BoundsOf(string month) => DateTime.TryParseExact(
        month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var first) && first.Year is > 1 and < 9999
        ? (new(first, TimeSpan.Zero), new(first.AddMonths(1), TimeSpan.Zero))
        : null;

    /// <summary>The report in one of its forms.</summary>
    public string Write(ReportFormat format) => format switch
    {
        ReportFormat.Html => ReportHtml.Write(Text()),
        ReportFormat.Markdown => ReportMarkdown.Write(Text()),
        ReportFormat.Json => RecoveryJson.Write(this),
    };

    private ReportText Text()
    {
        var tests = Runs.Where(r => r.Kind == RecoveryKind.Test).ToList();
        var passed = tests.Count(t => t.Phase == RunPhase.Succeeded);
        var missed = Targets.Count(t => t.IsMissed);
        var broken = CopyEvents.Count(e => e.IsBad);
        var isWell = tests.Count > 0 && passed == tests.Count && missed == 0 && broken == 0 && !TargetEvents.Any(e => e.IsBad)
            && Runs.All(r => r.Phase == RunPhase.Succeeded);
        return new(
            $"Disaster recovery of pool {Pool.Name} in {Month}",
            $"{passed} of {tests.Count} tests succeeded; {Recoveries(Runs.Length - tests.Count)}; "
                + $"{missed} of {Targets.Length} with targets don't keep them; copies of the metadata were broken {Times(broken)}"
                + (IsOver ? "." : ". The month is not over."),
            !IsOver ? ReportTone.Open : isWell ? ReportTone.Good : ReportTone.Bad,
            [
                new("Tests that succeeded", $"{passed} of {tests.Count}", tests.Count == 0 ? "none was made" : ""),
                new("Targets not kept", $"{missed} of {Targets.Length}", $"not kept any more {Times(TargetEvents.Count(e => e.IsBad))}"),
                new("Copies broken", Times(broken), ""),
            ],
            [],
            [
                new("Runs", ["Started", "Kind", "Plan", "By", "How it ended", "VMs", "Recovery time", "Run"],
                [
                    .. Runs.Select(r => ImmutableArray.Create(
                        Moments.Write(r.StartedAt), r.Kind.ToString(), r.PlanName ?? "", r.StartedBy, r.Phase.ToString(),
                        r.Tally().ToText(), r.Rto is { } rto ? TargetText.Time(rto) : "-", r.Uuid)),
                ]),
                new("Targets, as they stand now", ["Of", "RPO", "RTO"],
                [
                    .. Targets.Select(t => ImmutableArray.Create(
                        t.Of, t.Rpo is null ? "no target" : TargetText.Of(t.Rpo), t.Rto is null ? "no target" : TargetText.Of(t.Rto))),
                ]),
                Events("Targets in the month", TargetEvents),
                Events("Copies of the metadata", CopyEvents),
                Events("What else people were told", OtherEvents),
                new("This summary", ["", ""],
                [
                    ImmutableArray.Create("Made at", Moments.Write(At)), ImmutableArray.Create("Pool", $"{Pool.Name} ({Pool.Uuid})"),
                ]),
            ]);
    }

    private static string Recoveries(int count) => count == 1 ? "1 recovery" : $"{count} recoveries";

    private static string Times(int count) => count switch
    {
        0 => "never",
        1 => "once",
        _ => $"{count} times",
    };

    private static ReportSection Events(string heading, ImmutableArray<MonthEvent> events) => new(
        heading, ["When", "What"], [.. events.Select(e => ImmutableArray.Create(Moments.Write(e.At), e.What))]);
}
