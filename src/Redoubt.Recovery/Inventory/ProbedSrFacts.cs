using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>An SR that a probe found.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name, if the storage tells it.</param>
/// <param name="HasMetadata">Whether pool metadata was seen on it.</param>
public sealed record ProbedSrFacts(string Uuid, string Name, bool HasMetadata)
{
    /// <summary>
    /// What the probe could read of that metadata without attaching the SR; empty where the server does not tell, as xapi doesn't.
    /// </summary>
    public ImmutableArray<ProbedMetadataFacts> Metadata { get; init; } = [];
}
