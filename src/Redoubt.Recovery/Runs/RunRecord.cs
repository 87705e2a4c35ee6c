using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>A run as it stands: made from its journal, and from nothing else.</summary>
public sealed record RunRecord
{
    /// <summary>Its UUID.</summary>
    public required string Uuid { get; init; }

    /// <summary>What was asked for, without secrets.</summary>
    public required RecoveryRequest Request { get; init; }

    /// <summary>The plan that is carried out.</summary>
    public required RecoveryPlan Plan { get; init; }

    /// <summary>Who started it.</summary>
    public required string StartedBy { get; init; }

    /// <summary>When: the moment of the decision, from which recovery times count.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended; null as long as it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Where it stands.</summary>
    public required RunPhase Phase { get; init; }

    /// <summary>Whether its steps are being taken back, or were.</summary>
    public bool IsBackward { get; init; }

    /// <summary>Its steps, in the order of the plan.</summary>
    public ImmutableArray<StepRecord> Steps { get; init; } = [];

    /// <summary>Its VMs.</summary>
    public ImmutableArray<VmProgress> Vms { get; init; } = [];

    /// <summary>What it waits for a person to say; null if it waits for nobody.</summary>
    public RunQuestion? Question { get; init; }

    /// <summary>What happened that is worth knowing.</summary>
    public ImmutableArray<RunLogLine> Log { get; init; } = [];

    /// <summary>What went otherwise than it should and was lived with, in sentences.</summary>
    public ImmutableArray<string> Warnings { get; init; } = [];

    /// <summary>How many events its journal has; it grows with each change.</summary>
    public required long Revision { get; init; }

    /// <summary>How long the whole should take, without waiting for people; null if there is too little to go by.</summary>
    public TimeSpan? Forecast { get; init; }

    /// <summary>
    /// How old the oldest state was that it takes, at the moment of the decision; null if that is not known of all its VMs.
    /// </summary>
    public TimeSpan? Rpo { get; init; }

    /// <summary>Why it was interrupted, failed, or did not succeed in full; null if it did.</summary>
    public string? Failure { get; init; }

    /// <summary>The record as JSON.</summary>
    public string ToJson() => RecoveryJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static RunRecord FromJson(string json) => RecoveryJson.Read<RunRecord>(json);
}
