using System.Collections.Immutable;

namespace Redoubt.Storage.LvmDriver;

/// <summary>A logical volume that is a disk of an SR, or part of the making of one, as the volume group has it.</summary>
internal sealed record LvmVolume
{
    /// <summary>What it is called.</summary>
    public required LvmName Name { get; init; }

    /// <summary>Its identity, which a new name doesn't change.</summary>
    public required string Id { get; init; }

    /// <summary>The size that a guest sees, in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>What it takes, in bytes: whole extents.</summary>
    public required long AllocatedBytes { get; init; }

    /// <summary>Where it lies, from its beginning to its end.</summary>
    public required ImmutableArray<LvmSegment> Segments { get; init; }

    /// <summary>The host that made it, as <see cref="LvmTools.ThisHost"/> calls it; null if that is not known.</summary>
    public required string? Host { get; init; }

    /// <summary>When it was made; null if that can't be read.</summary>
    public required DateTimeOffset? MadeAt { get; init; }

    /// <summary>Why it can't be used; null when it can.</summary>
    public string? Unreadable { get; init; }

    /// <summary>The disk that it is.</summary>
    public VdiState State => new()
    {
        Uuid = Name.Vdi,
        Type = Unreadable is null ? Name.Type : VdiType.User,
        Format = DiskFormat.Raw,
        VirtualSizeBytes = Unreadable is null ? SizeBytes : 0,
        PhysicalUtilisationBytes = AllocatedBytes,
        Unreadable = Unreadable,
    };
}
