using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Recreates a vApp with all its VMs, or nothing.</summary>
/// <param name="Appliance">The vApp.</param>
/// <param name="Vms">Its VMs.</param>
/// <param name="Volume">The metadata volume it is recovered from.</param>
/// <param name="Replaces">Those of its VMs whose older copies in the target pool give way.</param>
/// <param name="IsForced">Whether the server is told to go without missing disks, or to replace a copy that is not older.</param>
/// <param name="At">The moment of the volume's history; null for its newest state.</param>
public sealed record RecoverAppliance(
    PlanObject Appliance, ImmutableArray<PlanObject> Vms, PlanObject Volume, ImmutableArray<PlanObject> Replaces, bool IsForced,
    string? At = null) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"recover-appliance:{Appliance.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Recover {Appliance.Describe()} with {Names(Vms)}{RecoverVm.Remarks(Replaces, IsForced, At)}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Appliance, .. Vms, Volume];

    /// <inheritdoc/>
    public override StepUndo Undo => RecoverVm.UndoOf(Replaces);
}
