namespace Redoubt.Storage;

/// <summary>The spellings of a <see cref="DiskFormat"/>.</summary>
public static class DiskFormatName
{
    /// <summary>QEMU's name for it.</summary>
    /// <exception cref="ArgumentException">It is one that QEMU must not be given.</exception>
    public static string ForQemu(DiskFormat format) => format switch
    {
        DiskFormat.Raw => "raw",
        DiskFormat.Qcow2 => "qcow2",
        DiskFormat.Vhd => throw new ArgumentException("QEMU would read zeros where a VHD has its parent's content.", nameof(format)),
    };

    /// <summary>The ending of a file's name, in lower case, without a dot.</summary>
    internal static string Of(DiskFormat format) => format == DiskFormat.Vhd ? "vhd" : ForQemu(format);
}
