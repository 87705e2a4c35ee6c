namespace Redoubt.Storage;

/// <summary>The measures of an SR.</summary>
public sealed record SrState
{
    /// <summary>The size of the storage below, in bytes, shared with whatever else lies there.</summary>
    public required long PhysicalSizeBytes { get; init; }

    /// <summary>What is taken of it, by whomever, in bytes.</summary>
    public required long PhysicalUtilisationBytes { get; init; }

    /// <summary>The sum of the virtual sizes of all readable disks, in bytes; may exceed the physical size.</summary>
    public required long VirtualAllocationBytes { get; init; }
}
