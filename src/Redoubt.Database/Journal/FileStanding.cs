using System.Runtime.InteropServices;

namespace Redoubt.Database.Journal;

/// <summary>What the file system says of a file or device.</summary>
/// <param name="Device">The file system that it lies in.</param>
/// <param name="Inode">Which file of it.</param>
/// <param name="Length">Its length; 0 of a block device.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Mode">Kind and permissions, as in <c>stat(2)</c>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileStanding(ulong Device, ulong Inode, long Length, uint Links, ushort Mode)
{
    private const int KindMask = 0xf000;
    private const int RegularFile = 0x8000;
    private const int SymbolicLink = 0xa000;
    private const int AnyWrite = 0x92;
    private const int AnyRead = 0x124;

    /// <summary>Whether it is a regular file, and no device.</summary>
    public bool IsRegular => (Mode & KindMask) == RegularFile;

    /// <summary>Whether it is a symbolic link.</summary>
    public bool IsLink => (Mode & KindMask) == SymbolicLink;

    /// <summary>Whether its permissions let anybody at all read and write it. Root may without, and is not meant to.</summary>
    public bool IsOpenToAnybody => (Mode & AnyWrite) != 0 && (Mode & AnyRead) != 0;

    /// <summary>Whether both are the same file.</summary>
    public bool IsSameAs(FileStanding other) => (Device, Inode, Mode & KindMask) == (other.Device, other.Inode, other.Mode & KindMask);
}
