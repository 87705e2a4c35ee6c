using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Lets go of what was there for the recovery only.</summary>
/// <param name="Srs">The SRs that a DR task or a clone holds.</param>
/// <param name="Vms">The VMs that a test has made.</param>
public sealed record CleanUp(ImmutableArray<PlanObject> Srs, ImmutableArray<PlanObject> Vms) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => "clean-up";

    /// <inheritdoc/>
    public override string What => Vms.IsEmpty
        ? $"Let go of {Names(Srs)} where no recovered VM needs it"
        : $"Remove the test's copies of {Names(Vms)}, their networks, and the overlays over {Names(Srs)}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [.. Srs, .. Vms];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.None("what is let go can be attached again");
}
