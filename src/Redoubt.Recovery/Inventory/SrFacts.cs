using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>An SR, and which hosts have it attached.</summary>
public sealed record SrFacts
{
    /// <summary>Its UUID.</summary>
    public required string Uuid { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of storage, for example <c>lvmoiscsi</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Whether it holds installation media instead of disks.</summary>
    public bool IsIso { get; init; }

    /// <summary>Whether several hosts can attach it at once; what is not shared is local to one machine.</summary>
    public bool IsShared { get; init; }

    /// <summary>Whether it is attached for the time of a recovery only (by a DR task).</summary>
    public bool IsForRecoveryOnly { get; init; }

    /// <summary>How the hosts reach it.</summary>
    public ImmutableArray<PbdFacts> Pbds { get; init; } = [];

    /// <summary>Whether at least one host has it attached.</summary>
    public bool IsAttached() => Pbds.Any(p => p.IsAttached);
}
