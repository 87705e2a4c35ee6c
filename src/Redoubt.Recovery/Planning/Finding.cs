using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Something about a plan that the operator should know. docs/operating/dr-plan.md lists the codes.</summary>
public sealed record Finding
{
    /// <summary>What it means for the plan.</summary>
    public required Severity Severity { get; init; }

    /// <summary>Which finding it is; the same for ever, for scripts.</summary>
    public required string Code { get; init; }

    /// <summary>What it is about.</summary>
    public required PlanObject Object { get; init; }

    /// <summary>What was found.</summary>
    public required string Sentence { get; init; }

    /// <summary>What to do.</summary>
    public required string Advice { get; init; }

    /// <summary>What can be done about it automatically; null if nothing can.</summary>
    public Fix? Fix { get; init; }

    /// <summary>The chosen VMs that it concerns; none if it concerns the plan as a whole.</summary>
    public ImmutableArray<PlanObject> Affects { get; init; } = [];
}
