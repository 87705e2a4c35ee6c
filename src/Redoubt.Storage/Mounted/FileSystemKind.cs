using System.Collections.Immutable;

namespace Redoubt.Storage.Mounted;

/// <summary>A kind of file system that can be made on a block device.</summary>
internal sealed record FileSystemKind
{
    /// <summary>ext4, under the name that XenServer has for it.</summary>
    public static FileSystemKind Ext { get; } = new()
    {
        SrType = "ext",
        MountType = "ext4",
        Name = "ext4",
        Formatter = "mkfs.ext4",
        Package = "e2fsprogs",
        FormatArguments = ["-q", "-E", "nodiscard", "-L", "redoubt"],
    };

    /// <summary>XFS, whose files can share blocks. A copy of a device is mounted beside the device itself (<c>nouuid</c>).</summary>
    public static FileSystemKind Xfs { get; } = new()
    {
        SrType = "xfs",
        MountType = "xfs",
        Name = "XFS",
        Formatter = "mkfs.xfs",
        Package = "xfsprogs",
        FormatArguments = ["-q", "-K", "-L", "redoubt", "-m", "reflink=1"],
        MoreOptions = ",nouuid",
    };

    /// <summary>btrfs, whose files can share blocks.</summary>
    public static FileSystemKind Btrfs { get; } = new()
    {
        SrType = "btrfs",
        MountType = "btrfs",
        Name = "btrfs",
        Formatter = "mkfs.btrfs",
        Package = "btrfs-progs",
        FormatArguments = ["-q", "-K", "-L", "redoubt"],
    };

    /// <summary>The type of SRs on it.</summary>
    public required string SrType { get; init; }

    /// <summary>Its type for <c>mount</c> and <c>blkid</c>.</summary>
    public required string MountType { get; init; }

    /// <summary>Its name for people.</summary>
    public required string Name { get; init; }

    /// <summary>What makes one.</summary>
    public required string Formatter { get; init; }

    /// <summary>The package with that.</summary>
    public required string Package { get; init; }

    /// <summary>How it is told to, before the device. What is empty needs no discarding, which takes long on some storage.</summary>
    public required ImmutableArray<string> FormatArguments { get; init; }

    /// <summary>Options for each mount of it, each after a comma.</summary>
    public string MoreOptions { get; init; } = "";
}
