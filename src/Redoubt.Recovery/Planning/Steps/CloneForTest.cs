using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// Clones storage so that a test writes to the clone only and replication goes on: without copying it, but for disks that no VM can run on.
/// </summary>
/// <param name="Sr">The SR.</param>
public sealed record CloneForTest(PlanObject Sr) : RecoveryStep
{
    /// <summary>The disks that are copied, because nothing can be put over them; none: all of the SR, without copying.</summary>
    public ImmutableArray<PlanObject> Disks { get; init; } = [];

    /// <inheritdoc/>
    public override string Key => $"clone-for-test:{Sr.Uuid}";

    /// <inheritdoc/>
    public override string What => Disks.IsEmpty
        ? $"Put a writable overlay over {Sr.Describe()}; the SR itself is only read"
        : $"Copy disks of {Sr.Describe()}, which itself is only read: {Names(Disks)}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Sr, .. Disks];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By(Disks.IsEmpty ? "Remove the overlay" : "Remove the copies");
}
