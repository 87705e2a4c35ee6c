namespace Redoubt.Storage.Images;

/// <summary>What the header of a qcow2 image says, as far as storage needs it.</summary>
public sealed record Qcow2Header
{
    /// <summary>The format's version, 2 or 3.</summary>
    public required int Version { get; init; }

    /// <summary>The size that a guest sees, in bytes.</summary>
    public required long VirtualSizeBytes { get; init; }

    /// <summary>The image that holds what this one does not, as written in the header; <c>null</c> when it stands alone.</summary>
    public required string? BackingFile { get; init; }

    /// <summary>The format of the backing file; <c>null</c> when the header leaves it to be guessed.</summary>
    public required string? BackingFormat { get; init; }

    /// <summary>Whether the data lies in another file.</summary>
    public required bool HasExternalDataFile { get; init; }

    /// <summary>Whether the content is encrypted.</summary>
    public required bool IsEncrypted { get; init; }
}
