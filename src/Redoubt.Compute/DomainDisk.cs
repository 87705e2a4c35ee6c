namespace Redoubt.Compute;

/// <summary>One disk or CD drive of a domain (a plugged VBD).</summary>
public sealed record DomainDisk
{
    /// <summary>The slot, from 0 (<c>VBD.userdevice</c>); disks and CD drives share one numbering.</summary>
    public required int Device { get; init; }

    /// <summary>
    /// The image file or block device on the host, absolute; <see langword="null"/> for an empty CD drive. A path below <c>/dev/</c>
    /// is taken as a block device.
    /// </summary>
    public required string? Path { get; init; }

    /// <summary>The image's format. It is never guessed: a guest that can write its own header could name any file of the host.</summary>
    public DiskFormat Format { get; init; }

    /// <summary>The guest cannot write; always so for a CD drive.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>A CD drive rather than a disk.</summary>
    public bool IsCdrom { get; init; }
}
