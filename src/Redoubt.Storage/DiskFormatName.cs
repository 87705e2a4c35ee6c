namespace Redoubt.Storage;

/// <summary>The spelling of a <see cref="DiskFormat"/>: QEMU's format name, which is also the file's extension.</summary>
internal static class DiskFormatName
{
    /// <summary>The name, in lower case, without a dot.</summary>
    public static string Of(DiskFormat format) => format switch
    {
        DiskFormat.Raw => "raw",
        DiskFormat.Qcow2 => "qcow2",
    };
}
