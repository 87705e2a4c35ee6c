using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Starts the VMs of a tier, several at once; suspended ones are resumed.</summary>
/// <param name="Order">The tier.</param>
/// <param name="Vms">The VMs.</param>
/// <param name="IsPaused">Whether they are paused before their first instruction.</param>
/// <param name="ParallelStarts">How many at once.</param>
public sealed record StartTier(long Order, ImmutableArray<PlanObject> Vms, bool IsPaused, int ParallelStarts) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"start-tier:{Order}";

    /// <inheritdoc/>
    public override string What => $"Start tier {Order}{(IsPaused ? ", paused" : "")}: {Names(Vms)}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => Vms;

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Shut the VMs down, cleanly and then hard");
}
