namespace Redoubt.Storage;

/// <summary>A disk as it was found on the storage.</summary>
public sealed record VdiState
{
    /// <summary>The disk's UUID.</summary>
    public required VdiUuid Uuid { get; init; }

    /// <summary>What it is for. <see cref="VdiType.User"/> when unreadable.</summary>
    public required VdiType Type { get; init; }

    /// <summary>How the storage keeps it.</summary>
    public required DiskFormat Format { get; init; }

    /// <summary>The size that a guest sees, in bytes; 0 when unreadable.</summary>
    public required long VirtualSizeBytes { get; init; }

    /// <summary>The space it takes on the storage, in bytes.</summary>
    public required long PhysicalUtilisationBytes { get; init; }

    /// <summary>What it is called on the storage; <c>null</c> where names are in the metadata only.</summary>
    public string? Name { get; init; }

    /// <summary>Whether it is one that nobody ever writes to.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>The disk that it builds on; <c>null</c> when it stands alone.</summary>
    public VdiUuid? Parent { get; init; }

    /// <summary>Whether it is kept only for those that build on it, and is no disk of any VM.</summary>
    public bool IsHidden { get; init; }

    /// <summary>Why the disk cannot be used, in words for an operator; <c>null</c> when it can.</summary>
    public string? Unreadable { get; init; }
}
