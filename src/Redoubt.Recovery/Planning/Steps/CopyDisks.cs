using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// Copies a VM's disks to an SR of the target, because no VM can run on them where they lie, and compares each copy with what it is one of.
/// It comes before the VM is recovered, which then stands on the copies.
/// </summary>
/// <param name="Vm">The VM.</param>
/// <param name="Sr">The SR that they are copied to.</param>
/// <param name="Disks">The disks.</param>
public sealed record CopyDisks(PlanObject Vm, PlanObject Sr, ImmutableArray<PlanObject> Disks) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"copy-disks:{Vm.Uuid}:{Sr.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Copy to {Sr.Describe()} the disks of {Vm.Describe()}, and compare them: {Names(Disks)}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Vm, Sr, .. Disks];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Remove the copies");
}
