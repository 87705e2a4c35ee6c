using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Which copy of a VM is its newest, and why.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Chosen">The copy that is recovered; null if the operator must choose.</param>
/// <param name="Reason">Why this one, in words.</param>
/// <param name="Others">The copies that were passed over.</param>
public sealed record VmChoice(PlanObject Vm, CopyFacts? Chosen, string Reason, ImmutableArray<CopyFacts> Others)
{
    /// <summary>The vApp that it is recovered with; null for none.</summary>
    public PlanObject? Appliance { get; init; }

    /// <summary>What its own recovery is to keep to, as that copy has it.</summary>
    public RecoveryTargets Targets { get; init; } = RecoveryTargets.None;

    /// <summary>The VM's tags, for whoever looks for it.</summary>
    public ImmutableArray<string> Tags { get; init; } = [];
}
