using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>The pool that is to take VMs in.</summary>
/// <param name="Origin">Where this was read.</param>
/// <param name="Database">Its own database.</param>
/// <param name="MayRecover">Whether the operator's role suffices to recover there; null if the server does not tell.</param>
public sealed record TargetFacts(Origin Origin, DatabaseFacts Database, bool? MayRecover)
{
    /// <summary>Those of Redoubt's own messages that it answers; null if nobody asked, as in inventories of older versions.</summary>
    public ImmutableSortedSet<string>? Extensions { get; init; }

    /// <summary>The kinds of storage that it can protect and attach for a recovery; null if it does not tell.</summary>
    public ImmutableSortedSet<string>? MetadataTypes { get; init; }

    /// <summary>What keeps VMs from being booted there from files that they name, by path.</summary>
    public ImmutableSortedDictionary<string, string> BootFileTroubles { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether it answers one of Redoubt's own messages.</summary>
    public bool Offers(string extension) => Extensions?.Contains(extension) ?? Database.Pool.IsRedoubt();
}
