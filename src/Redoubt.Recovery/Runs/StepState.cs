using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What the journal tells of a step.</summary>
internal sealed record StepState
{
    public StepPhase Phase { get; init; }

    public int Attempt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? Error { get; init; }

    /// <summary>What it must find again when it is repeated or taken back.</summary>
    public ImmutableSortedDictionary<string, string> Facts { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Whether a run that is being taken back has passed it without anything to do.</summary>
    public bool IsPassed { get; init; }

    /// <summary>How long it waited for people, which no forecast can know.</summary>
    public TimeSpan Waited { get; init; }
}
