using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Waits for something that only a person can do.</summary>
/// <param name="Srs">The storage it is about.</param>
public sealed record WaitForOperator(ImmutableArray<PlanObject> Srs) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => "wait-for-operator:storage";

    /// <inheritdoc/>
    public override string What =>
        $"Wait until the operator says that the array has brought over the last state of {Names(Srs)} and made it "
            + "writable here, and only here";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => Srs;

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.By("Wait until the operator says that the array has been turned back");
}
