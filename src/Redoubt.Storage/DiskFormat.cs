namespace Redoubt.Storage;

/// <summary>How the content of a disk is laid out in a file or stream.</summary>
public enum DiskFormat
{
    /// <summary>The bytes of the disk, one after the other.</summary>
    Raw,

    /// <summary>QEMU's copy-on-write image, version 2 or 3.</summary>
    Qcow2,

    /// <summary>
    /// XenServer's image, which may build on others. It is only read, by our own reader: QEMU takes what lies in a parent for zeros.
    /// </summary>
    Vhd,
}
