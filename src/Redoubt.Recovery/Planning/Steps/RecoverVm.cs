using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Recreates a VM that is in no vApp.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Volume">The metadata volume it is recovered from.</param>
/// <param name="Replaces">The VM again if an older copy in the target pool gives way; else nothing.</param>
/// <param name="IsForced">Whether the server is told to go without missing disks, or to replace a copy that is not older.</param>
/// <param name="At">The moment of the volume's history; null for its newest state.</param>
public sealed record RecoverVm(
    PlanObject Vm, PlanObject Volume, ImmutableArray<PlanObject> Replaces, bool IsForced, string? At = null) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"recover-vm:{Vm.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Recover {Vm.Describe()}{Remarks(Replaces, IsForced, At)}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Vm, Volume];

    /// <inheritdoc/>
    public override StepUndo Undo => UndoOf(Replaces);

    internal static string Remarks(ImmutableArray<PlanObject> replaces, bool isForced, string? at) =>
        (at is null ? "" : $" as of {at}") +
        (replaces.IsEmpty ? "" : $"; replaces the copy here of {Names(replaces)}") + (isForced ? "; forced" : "");

    internal static StepUndo UndoOf(ImmutableArray<PlanObject> replaces) => replaces.IsEmpty
        ? StepUndo.By("Remove the records that were made; the disks stay")
        : StepUndo.None($"the replaced copy of {Names(replaces)} is gone once this is done; its disks stay");
}
