using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>A run as its events tell it. <see cref="RunTransitions"/> makes it, <see cref="RunDecision"/> says what to do next.</summary>
internal sealed record RunState
{
    public required string Uuid { get; init; }

    public required RecoveryRequest Request { get; init; }

    public required RecoveryPlan Plan { get; init; }

    public required string StartedBy { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required ImmutableArray<TimeSpan?> Forecasts { get; init; }

    /// <summary>On whose behalf it acts: whoever last had it start, go on or turn back.</summary>
    public required string Operator { get; init; }

    public required ImmutableArray<StepState> Steps { get; init; }

    public required ImmutableArray<VmProgress> Vms { get; init; }

    public RunPhase Phase { get; init; }

    public PendingQuestion? Question { get; init; }

    public ImmutableList<RunLogLine> Log { get; init; } = [];

    /// <summary>What people have answered.</summary>
    public ImmutableList<RunStatement> Answers { get; init; } = [];

    public long Revision { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? Failure { get; init; }

    /// <summary>Whether steps are taken back.</summary>
    public bool IsBackward { get; init; }

    /// <summary>How a run that is taken back ends.</summary>
    public RunPhase EndAs { get; init; }

    /// <summary>Whether what was asked to stop is to be taken back as well.</summary>
    public bool IsUndoWanted { get; init; }

    /// <summary>Whether it was asked to stop.</summary>
    public bool IsCancelWanted { get; init; }

    /// <summary>Whether it was asked to pause, and nobody has had it go on since.</summary>
    public bool IsPauseWanted { get; init; }

    public bool IsTest => Plan.Kind == RecoveryKind.Test;

    /// <summary>Whether the source handed over, and would have to run again if this fails.</summary>
    public bool IsOrderly => Plan.Kind is RecoveryKind.Migration or RecoveryKind.Failback;

    /// <summary>Whether its source wrote its last state before it handed over, so that nothing is lost.</summary>
    public bool IsWithoutLoss => IsOrderly && Plan.Steps.Any(s => s is FinalSync)
        && Enumerable.Range(0, Steps.Length).All(i => Plan.Steps[i] is not FinalSync || Steps[i].Phase == StepPhase.Done);

    /// <summary>Whether a VM may have been started in the target, from when on its disks there are the newer ones.</summary>
    public bool IsPastReturn => !IsTest && Enumerable.Range(0, Steps.Length).Any(i => Plan.Steps[i] is StartTier && Steps[i].Attempt > 0);

    /// <summary>The mark by which everything that a test makes is known.</summary>
    public string TestLabel => "test-" + Uuid[..8];

    /// <summary>Whether a VM came to where it was wanted.</summary>
    public bool IsReached(VmProgress vm) => vm.IsAsWanted(Request.Policy);

    public RunRecord ToRecord() => new()
    {
        Uuid = Uuid,
        Request = Request.WithoutSecrets(),
        Plan = Plan,
        StartedBy = StartedBy,
        StartedAt = StartedAt,
        EndedAt = EndedAt,
        Phase = Phase,
        IsBackward = IsBackward,
        Steps = [.. Steps.Select((s, i) => new StepRecord(i, Plan.Steps[i], s.Phase, s.Attempt, s.StartedAt, s.EndedAt, s.Error, Forecasts[i]))],
        Vms = Vms,
        Question = Question is { } asked ? new RunQuestion(asked.Text, asked.Answers) : null,
        Log = [.. Log],
        Revision = Revision,
        Forecast = StepForecast.Total(Plan.Steps, Forecasts),
        Rpo = Vms.Length > 0 ? OldestTaken() : null,
        Failure = Failure,
        Warnings = [.. Warnings],
    };

    /// <summary>What went otherwise than it should and was lived with, in sentences: each was shown to people as it happened.</summary>
    public IEnumerable<string> Warnings =>
        Steps.SelectMany(s => s.Facts).Where(f => f.Key.StartsWith(StepScope.WarningKey, StringComparison.Ordinal)).Select(f => f.Value);

    // What is not known of one VM is not known of the whole; a moment after the decision is a wrong clock's.
    private TimeSpan? OldestTaken()
    {
        if (IsWithoutLoss)
        {
            return TimeSpan.Zero;
        }

        TimeSpan? oldest = null;
        var taken = Plan.Choices.DistinctBy(c => c.Vm.Uuid).ToDictionary(c => c.Vm.Uuid, c => c.Chosen, StringComparer.Ordinal);
        foreach (var vm in Vms)
        {
            var copy = taken.GetValueOrDefault(vm.Vm.Uuid);
            if ((copy?.WrittenAt ?? copy?.LastRecordedAt) is not { } at || Clocks.IsAhead(at, StartedAt))
            {
                return null;
            }

            var age = at < StartedAt ? StartedAt - at : TimeSpan.Zero;
            oldest = oldest > age ? oldest : age;
        }

        return oldest;
    }

    public RunSummary ToSummary()
    {
        var tally = VmTally.Of(Vms, Request.Policy);
        return new(
            Uuid, Plan.Kind, Request.Plan, Phase, StartedBy, StartedAt, EndedAt, tally.Well + tally.Unchecked, tally.Total,
            Request.PlanPool)
        {
            VmsUnchecked = tally.Unchecked,
            Rto = Vms.Length > 0 && Vms.All(IsReached) ? Vms.Max(v => v.ReachedAt(Request.Policy)) - StartedAt : null,
            Rpo = Vms.Any(v => v.RecoveredAt is not null) ? OldestTaken() : null, // Measured, where the record has what is planned.
            PowerState = tally.Wanted,
        };
    }
}
