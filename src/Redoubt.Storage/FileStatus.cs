using System.Runtime.InteropServices;

namespace Redoubt.Storage;

/// <summary>What a directory entry is.</summary>
/// <param name="Mode">Type and permissions, as the kernel encodes them.</param>
/// <param name="Owner">The user it belongs to.</param>
/// <param name="Bytes">The length.</param>
/// <param name="AllocatedBytes">The space taken; less than the length for a sparse file.</param>
/// <param name="Device">Which file system it lies on, as long as that is mounted.</param>
/// <param name="Inode">Which file there it is.</param>
/// <param name="ChangedAt">When anything of it was changed last, in nanoseconds; nobody can set it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileStatus(
    ushort Mode, uint Owner, long Bytes, long AllocatedBytes, ulong Device, ulong Inode, long ChangedAt)
{
    private int Kind => Mode & 0xf000;

    /// <summary>What who may do with it.</summary>
    public int Permissions => Mode & 0xfff;

    /// <summary>Whether it is a plain file.</summary>
    public bool IsFile => Kind == 0x8000;

    /// <summary>Whether it is a directory itself, not a link to one.</summary>
    public bool IsDirectory => Kind == 0x4000;

    /// <summary>Whether it is a disk, or part of one.</summary>
    public bool IsBlockDevice => Kind == 0x6000;

    /// <summary>Whether anybody may write to it; of a directory, whether anybody may also replace what is others' in it.</summary>
    public bool IsWritableByAll => (Mode & 2) != 0 && (Mode & 0x200) == 0;

    /// <summary>Whether its group, or everybody, may write to it.</summary>
    public bool IsWritableByOthers => (Mode & 0x12) != 0;

    /// <summary>Whether it is a symbolic link.</summary>
    public bool IsLink => Kind == 0xa000;
}
