using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Has the target pool keep its metadata on the SR from here on, so that there is a way home.</summary>
/// <param name="Sr">The SR.</param>
public sealed record Protect(PlanObject Sr) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"protect:{Sr.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Protect {Sr.Describe()} from here on (enable metadata replication)";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Sr];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Disable metadata replication on the SR");
}
