namespace Redoubt.Recovery;

/// <summary>A VM of a run.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="TargetUuid">Its UUID in the target pool.</param>
/// <param name="Phase">How far it came.</param>
/// <param name="TakenFrom">The copy that it was recovered from, and why that one.</param>
/// <param name="Replaced">Whether a copy in the target pool gave way.</param>
/// <param name="Rpo">How old the recovered state of its metadata was at the moment of the decision; null if that can't be known.</param>
/// <param name="RpoHow">How that was computed, or why it can't be known.</param>
/// <param name="Rto">From the decision until it was where it was wanted; null if it is not.</param>
/// <param name="Error">What went wrong.</param>
internal sealed record VmReport(
    PlanObject Vm, string? TargetUuid, VmPhase Phase, string TakenFrom, bool Replaced, TimeSpan? Rpo, string RpoHow, TimeSpan? Rto,
    string? Error)
{
    /// <summary>The recovery time against the VM's own target; null if it has none.</summary>
    public TargetMeasure? RtoTarget { get; init; }

    /// <summary>The age of the state against the VM's own target; null if it has none.</summary>
    public TargetMeasure? RpoTarget { get; init; }

    /// <summary>What was seen of it when it was judged; null if nothing was.</summary>
    public VmEvidence? Evidence { get; init; }

    public static VmReport Of(RunState state, VmProgress vm)
    {
        var choice = state.Plan.Choices.FirstOrDefault(c => c.Vm.Uuid == vm.Vm.Uuid);
        var replaced = state.Plan.Steps.Any(s => s switch
        {
            RecoverVm one => one.Replaces.Any(r => r.Uuid == vm.Vm.Uuid),
            RecoverAppliance all => all.Replaces.Any(r => r.Uuid == vm.Vm.Uuid),
            _ => false,
        });
        var (rpo, how) = RpoOf(state, choice?.Chosen);
        var reached = vm.ReachedAt(state.Request.Policy);
        var rto = state.IsReached(vm) ? reached - state.StartedAt : null;
        return new(
            vm.Vm, vm.TargetUuid, vm.Phase, choice is null ? "" : $"{choice.Chosen?.Describe() ?? "undecided"}; {choice.Reason}",
            replaced && vm.RecoveredAt is not null,
            rpo, how, rto, vm.Error)
        {
            RtoTarget = choice?.Targets.Rto is { } rtoTarget ? RunReport.Rto(rtoTarget, rto, state.Phase.IsFinal()) : null,
            RpoTarget = choice?.Targets.Rpo is { } rpoTarget ? RunReport.Rpo(rpoTarget, rpo) : null,
            Evidence = VmEvidence.Of(state, vm.Vm.Uuid),
        };
    }

    private static (TimeSpan? Rpo, string How) RpoOf(RunState state, CopyFacts? copy)
    {
        if (state.IsWithoutLoss)
        {
            return (TimeSpan.Zero, "the VM was shut down at its source, and the source wrote its last state before the hand-over");
        }

        return copy switch
        {
            { WrittenAt: { } written } when Clocks.IsAhead(written, state.StartedAt) =>
                (null, $"the metadata say that they were written at {Moments.Write(written)}, after the decision: one of "
                    + "the two clocks is wrong"),
            { WrittenAt: null, LastRecordedAt: { } recorded } when Clocks.IsAhead(recorded, state.StartedAt) =>
                (null, $"the metadata record {Moments.Write(recorded)} of the VM, a moment after the decision: one of "
                    + "the two clocks is wrong"),
            { WrittenAt: { } written } =>
                (Positive(state.StartedAt - written), $"from {Moments.Write(written)}, when the newest intact state of the metadata was "
                    + "written, to the decision; the disks are as new as their replication"),
            { LastRecordedAt: { } recorded } =>
                (Positive(state.StartedAt - recorded), $"at most: from {Moments.Write(recorded)}, the latest moment that the metadata "
                    + "record of the VM, to the decision; when they were written is not known"),
            _ => (null, "the metadata record no moment of the VM, and not when they were written"),
        };
    }

    private static TimeSpan Positive(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;
}
