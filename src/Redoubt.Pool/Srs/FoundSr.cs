using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>An SR that a probe found.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="NameLabel">Its name, as far as pool metadata on it says; empty otherwise.</param>
/// <param name="NameDescription">Its description, likewise.</param>
/// <param name="PhysicalSizeBytes">The size of the storage below.</param>
/// <param name="HasMetadata">Whether it holds pool metadata.</param>
/// <param name="Metadata">What could be read of it.</param>
internal sealed record FoundSr(
    string Uuid, string NameLabel, string NameDescription, long PhysicalSizeBytes, bool HasMetadata,
    ImmutableArray<FoundPoolMetadata> Metadata);
