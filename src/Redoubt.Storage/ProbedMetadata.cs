namespace Redoubt.Storage;

/// <summary>A metadata volume that a probe found.</summary>
public sealed record ProbedMetadata
{
    /// <summary>Its UUID.</summary>
    public required VdiUuid Uuid { get; init; }

    /// <summary>Its size, in bytes.</summary>
    public required long VirtualSizeBytes { get; init; }
}
