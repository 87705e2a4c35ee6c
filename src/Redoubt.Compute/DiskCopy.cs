using Redoubt.Storage;

namespace Redoubt.Compute;

/// <summary>A copy that is to be made of a running guest's disk.</summary>
/// <param name="Device">The disk's slot: <see cref="DomainDisk.Device"/>.</param>
/// <param name="Target">What to copy into: an image of this host, as large as the disk, that reads as zeros and is nobody else's.</param>
public sealed record DiskCopy(int Device, DiskSource Target)
{
    /// <summary>Where that image lies.</summary>
    internal string Path => Target.LocalPath
        ?? throw new InvalidOperationException("A disk is copied into an image of this host only.");

    /// <summary>What QEMU opens it with.</summary>
    internal string Driver => Target is DiskSource.Block ? "host_device" : "file";
}
