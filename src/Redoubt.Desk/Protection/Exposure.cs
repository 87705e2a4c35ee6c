namespace Redoubt.Desk;

/// <summary>What would keep a VM from coming back after a disaster.</summary>
public enum Exposure
{
    /// <summary>Nothing: all its disks and its metadata are on protected storage.</summary>
    None,

    /// <summary>A disk lies on an SR without the pool's metadata.</summary>
    UnprotectedSr,

    /// <summary>A disk lies on storage of one host, which is lost with it.</summary>
    LocalDisk,

    /// <summary>A disk's record is gone, or the storage does not have it.</summary>
    LostDisk,

    /// <summary>It has no disk: its record comes back with the others', and nothing else does.</summary>
    NoDisk,
}
