using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Clones storage without copying it, so that a test writes to the clone only and replication goes on.</summary>
/// <param name="Sr">The SR.</param>
public sealed record CloneForTest(PlanObject Sr) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"clone-for-test:{Sr.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Put a writable overlay over {Sr.Describe()}; the SR itself is only read";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Sr];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Remove the overlay");
}
