using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What will be done, in which order, and what should be known before. A value: it can be kept, printed and compared.</summary>
public sealed record RecoveryPlan
{
    /// <summary>The format that is written, and the only one that is read.</summary>
    public const string CurrentFormat = "redoubt-plan/1";

    /// <summary>The format of the JSON.</summary>
    public string Format { get; init; } = CurrentFormat;

    /// <summary>What the recovery is for.</summary>
    public required RecoveryKind Kind { get; init; }

    /// <summary>The pool that is to take the VMs in.</summary>
    public required PlanObject Target { get; init; }

    /// <summary>How old the facts are that it was made from.</summary>
    public required DateTimeOffset InventoryTakenAt { get; init; }

    /// <summary>Whether a finding keeps it from being run.</summary>
    public bool IsBlocked => Findings.Any(f => f.Severity == Severity.Block);

    /// <summary>Where each VM is taken from, and why.</summary>
    public ImmutableArray<VmChoice> Choices { get; init; } = [];

    /// <summary>The pools that the operator's statement takes for dead: sources of the VMs, and sites that can't be asked.</summary>
    public ImmutableArray<PlanObject> StatedDead { get; init; } = [];

    /// <summary>What should be known before, the worst first.</summary>
    public ImmutableArray<Finding> Findings { get; init; } = [];

    /// <summary>In which order the VMs are started.</summary>
    public ImmutableArray<PlanTier> Tiers { get; init; } = [];

    /// <summary>What is done.</summary>
    public ImmutableArray<RecoveryStep> Steps { get; init; } = [];

    /// <summary>The plan for people.</summary>
    public string ToText() => PlanText.Write(this);

    /// <summary>The plan as JSON (docs/formats/plan.md).</summary>
    public string ToJson() => RecoveryJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RecoveryPlan FromJson(string json)
    {
        var plan = RecoveryJson.Read<RecoveryPlan>(json);
        return plan.Format == CurrentFormat
            ? plan
            : throw new FormatException($"The format is {plan.Format}; this version reads {CurrentFormat}.");
    }
}
