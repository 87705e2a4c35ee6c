namespace Redoubt.Storage.MemoryDriver;

/// <summary>A disk in memory.</summary>
/// <param name="Disk">Its content.</param>
/// <param name="Format">The format that was asked for; it changes nothing here but what is reported.</param>
internal sealed record MemoryVdi(SparseDisk Disk, DiskFormat Format)
{
    /// <summary>The disk as a scan reports it.</summary>
    public VdiState ToState(VdiUuid uuid) => new()
    {
        Uuid = uuid,

        // As in the file driver, only a raw disk can be metadata, so a guest can't make its qcow2 disk look like it.
        Type = Format == DiskFormat.Raw ? Disk.Type : VdiType.User,
        Format = Format,
        VirtualSizeBytes = Disk.VirtualSizeBytes,
        PhysicalUtilisationBytes = Disk.AllocatedBytes,
    };
}
