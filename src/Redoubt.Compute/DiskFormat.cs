namespace Redoubt.Compute;

/// <summary>The format of a disk image.</summary>
public enum DiskFormat
{
    /// <summary>The bytes of the disk as they are; also a block device.</summary>
    Raw,

    /// <summary>QEMU's copy-on-write format.</summary>
    Qcow2,
}
