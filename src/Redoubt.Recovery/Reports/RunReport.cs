using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What a run was, for people and auditors: made from its journal, and from nothing else. Pure.</summary>
internal sealed record RunReport
{
    /// <summary>The format of the JSON.</summary>
    public string Format { get; init; } = "redoubt-report/1";

    public required string Uuid { get; init; }

    public required RecoveryKind Kind { get; init; }

    public required RunPhase Phase { get; init; }

    public string? Failure { get; init; }

    public required string StartedBy { get; init; }

    /// <summary>The moment of the decision.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public required PlanObject Target { get; init; }

    public string? Source { get; init; }

    public string? PlanName { get; init; }

    /// <summary>The point that was asked for; null for the newest state.</summary>
    public string? PointInTime { get; init; }

    /// <summary>When the facts were gathered that the plan was made from.</summary>
    public required DateTimeOffset InventoryTakenAt { get; init; }

    /// <summary>From the decision until the last VM was where it was wanted; null if not all are.</summary>
    public TimeSpan? RtoWhole { get; init; }

    /// <summary>How old the oldest state was that it took, at the decision; null if that is not known of all VMs.</summary>
    public TimeSpan? RpoWhole { get; init; }

    /// <summary>That against the target it was started with; null if it had none.</summary>
    public TargetMeasure? RpoTarget { get; init; }

    /// <summary>The recovery time against the target it was started with; null if it had none.</summary>
    public TargetMeasure? RtoTarget { get; init; }

    /// <summary>How long the steps should have taken, and took, without waiting for people; null where one of them is not known.</summary>
    public TimeSpan? Forecast { get; init; }

    public TimeSpan? Worked { get; init; }

    /// <summary>How much longer it took than was forecast.</summary>
    public TimeSpan? ForecastError { get; init; }

    /// <summary>How many VMs are as was wanted, and of those how many were only started, and how many there are.</summary>
    public required VmTally Tally { get; init; }

    public ImmutableArray<VmReport> Vms { get; init; } = [];

    public ImmutableArray<StepReport> Steps { get; init; } = [];

    public ImmutableArray<Finding> Findings { get; init; } = [];

    /// <summary>What went otherwise than it should, and was lived with.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>What people took on themselves, in the order in which they did.</summary>
    public ImmutableArray<RunStatement> Statements { get; init; } = [];

    /// <summary>What a person has to see to.</summary>
    public ImmutableArray<string> NeedsPerson { get; init; } = [];

    public ImmutableArray<RunLogLine> Log { get; init; } = [];

    public static RunReport Of(RunState state)
    {
        var steps = state.Steps.Select((s, i) => StepReport.Of(i, state.Plan.Steps[i], s, state.Forecasts[i])).ToImmutableArray();
        var vms = state.Vms.Select(v => VmReport.Of(state, v)).ToImmutableArray();
        var summary = state.ToSummary();
        var forecast = StepForecast.Total(state.Plan.Steps, state.Forecasts);
        TimeSpan? worked = state.EndedAt is null || state.IsBackward
            ? null
            : steps.Aggregate(TimeSpan.Zero, (sum, s) => sum + (s.Took ?? TimeSpan.Zero) - s.WaitedForPeople);
        return new()
        {
            Uuid = state.Uuid,
            Kind = state.Plan.Kind,
            Phase = state.Phase,
            Failure = state.Failure,
            StartedBy = state.StartedBy,
            StartedAt = state.StartedAt,
            EndedAt = state.EndedAt,
            Target = state.Plan.Target,
            Source = state.Request.Source,
            PlanName = state.Request.Plan,
            PointInTime = state.Request.Policy.PointInTime,
            InventoryTakenAt = state.Plan.InventoryTakenAt,
            RtoWhole = summary.Rto,
            RpoWhole = summary.Rpo,
            RtoTarget = state.Request.Policy.Targets.Rto is { } rto ? Rto(rto, summary.Rto, state.Phase.IsFinal()) : null,
            RpoTarget = state.Request.Policy.Targets.Rpo is { } rpo ? Rpo(rpo, summary.Rpo) : null,
            Forecast = forecast,
            Worked = worked,
            ForecastError = worked - forecast,
            Tally = VmTally.Of(state.Vms, state.Request.Policy),
            Vms = vms,
            Steps = steps,
            Findings = state.Plan.Findings,
            Warnings = [.. state.Warnings],
            Statements = [.. RunStatement.All(state)],
            NeedsPerson = [.. Needs(state)],
            Log = [.. state.Log],
        };
    }

    public string Write(ReportFormat format) => format switch
    {
        ReportFormat.Html => ReportHtml.Write(ReportText.Of(this)),
        ReportFormat.Markdown => ReportMarkdown.Write(ReportText.Of(this)),
        ReportFormat.Json => RecoveryJson.Write(this),
    };

    /// <summary>Judges a recovery time; one that is still going on has none yet.</summary>
    internal static TargetMeasure Rto(TimeSpan target, TimeSpan? measured, bool isOver) =>
        measured is { } time ? TargetMeasure.Of(target, time, "from the decision until the last VM was where it was wanted")
        : isOver ? TargetMeasure.Endless(target, "not every VM came to where it was wanted")
        : TargetMeasure.Unknown(target, "the run is not over");

    /// <summary>Judges the age of what was taken.</summary>
    internal static TargetMeasure Rpo(TimeSpan target, TimeSpan? measured) =>
        measured is { } age ? TargetMeasure.Of(target, age, "the oldest state that was taken, at the decision")
        : TargetMeasure.Unknown(target, "how old the state was is not known of every VM");

    private static IEnumerable<string> Needs(RunState state)
    {
        if (state.Question is { } question)
        {
            yield return $"Answer: {question.Text} ({string.Join(", ", question.Answers)})";
        }

        if (state.Phase == RunPhase.Interrupted)
        {
            yield return $"Resume or undo the run: {state.Failure}";
        }

        if (state.Phase == RunPhase.Paused)
        {
            yield return "Resume, cancel or undo the run: it is paused";
        }

        foreach (var vm in state.Vms.Where(v => v.Error is not null))
        {
            yield return $"{vm.Vm.Describe()}: {vm.Error}";
        }

        foreach (var (step, i) in state.Steps.Select((s, i) => (s, i)).Where(s => s.s.Phase is StepPhase.Failed or StepPhase.UndoFailed))
        {
            yield return $"Step {i + 1} ({state.Plan.Steps[i].What}): {step.Error}";
        }

        foreach (var warning in state.Warnings)
        {
            yield return warning;
        }

        foreach (var finding in state.Plan.Findings.Where(f => f.Severity == Severity.Warning))
        {
            yield return $"{finding.Object.Describe()}: {finding.Sentence} {finding.Advice}";
        }
    }
}
