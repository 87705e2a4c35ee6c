namespace Redoubt.Storage;

/// <summary>The measures of an SR, as far as they can be had without looking at each of its disks.</summary>
public sealed record SrState
{
    /// <summary>The size of the storage below, in bytes, shared with whatever else lies there.</summary>
    public required long PhysicalSizeBytes { get; init; }

    /// <summary>What is taken of it, by whomever, in bytes.</summary>
    public required long PhysicalUtilisationBytes { get; init; }
}
