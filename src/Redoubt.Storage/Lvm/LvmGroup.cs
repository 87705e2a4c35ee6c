using System.Collections.Immutable;

namespace Redoubt.Storage.LvmDriver;

/// <summary>What LVM says of a device: of its volume group, as far as it lies there, and of the volumes in it.</summary>
internal sealed record LvmGroup
{
    /// <summary>The volume group; empty: the device is a physical volume that belongs to none.</summary>
    public required string Name { get; init; }

    /// <summary>Whom it belongs to; empty: to anybody.</summary>
    public required string System { get; init; }

    /// <summary>On how many devices it lies.</summary>
    public required long Devices { get; init; }

    /// <summary>Its size, in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>What of it is free, in bytes.</summary>
    public required long FreeBytes { get; init; }

    /// <summary>The disks, and what is being made of them.</summary>
    public required ImmutableArray<LvmVolume> Volumes { get; init; }

    /// <summary>Where the volume lies that is written to for proof, in bytes; null: there is none.</summary>
    public required long? ProofAt { get; init; }

    /// <summary>The names of volumes that are no SR's.</summary>
    public required ImmutableArray<string> Others { get; init; }

    /// <summary>The volumes that are its disks now, ordered by UUID.</summary>
    public IEnumerable<LvmVolume> Disks => Volumes.Where(v => v.Name.IsNow)
        .GroupBy(v => v.Name.Vdi)
        .Select(Only)
        .OrderBy(v => v.Name.Vdi.ToString(), StringComparer.Ordinal);

    /// <summary>Whether two volumes claim to be a disk, of which only a person can tell which it is.</summary>
    public bool IsAmbiguous(VdiUuid vdi) =>
        Volumes.Where(v => v.Name.IsNow && v.Name.Vdi == vdi).Select(v => v.Name.IsMetadata).Distinct().Count() > 1;

    /// <summary>The volume that is a disk now; null: there is none.</summary>
    public LvmVolume? Find(VdiUuid vdi) => Disks.FirstOrDefault(v => v.Name.Vdi == vdi);

    private static LvmVolume Only(IGrouping<VdiUuid, LvmVolume> same)
    {
        var ordered = same.OrderBy(v => v.Name.Step is null ? 0 : 1).ToList();
        return ordered is [var first, var second, ..] && first.Name.IsMetadata != second.Name.IsMetadata
            ? first with { Unreadable = $"there is also the volume {second.Name}; remove one of them (lvremove)" }
            : ordered[0];
    }
}
