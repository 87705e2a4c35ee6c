namespace Redoubt.Storage;

/// <summary>An SR that a probe found. Its name is not here: it stands in the metadata, which a higher layer reads.</summary>
public sealed record ProbedSr
{
    /// <summary>The SR's UUID.</summary>
    public required SrUuid Uuid { get; init; }

    /// <summary>The size of the storage below, in bytes.</summary>
    public required long PhysicalSizeBytes { get; init; }

    /// <summary>What is taken of it, in bytes.</summary>
    public required long PhysicalUtilisationBytes { get; init; }

    /// <summary>Its metadata volumes, ordered by UUID; empty when the SR was never protected.</summary>
    public required IReadOnlyList<ProbedMetadata> Metadata { get; init; }

    /// <summary>Why the SR cannot be attached, in words for an operator; <c>null</c> when it can.</summary>
    public string? Unreadable { get; init; }
}
