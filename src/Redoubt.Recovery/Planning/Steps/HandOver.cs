using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// Has the source refuse to start its own copies of VMs that it has handed over: its storage is another, on which it never sees that they
/// were recovered. It comes after everything is recovered, so that what was recovered does not inherit the block.
/// </summary>
/// <param name="Pool">The source.</param>
/// <param name="Vms">The VMs.</param>
public sealed record HandOver(PlanObject Pool, ImmutableArray<PlanObject> Vms) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"hand-over:{Pool.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Have pool {Pool.Name} refuse to start its own copies of {Names(Vms)} from now on";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Pool, .. Vms];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Let the source start them again");
}
