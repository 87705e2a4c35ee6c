using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage;

/// <summary>The few calls of the C library that .NET lacks: flushing a directory, opening without following, publishing by link.</summary>
internal static partial class Posix
{
    public const int NoEntry = 2;
    public const int Exists = 17;
    public const int NoSpace = 28;
    public const int ReadOnlyFileSystem = 30;
    public const int Loop = 40;
    public const int QuotaExceeded = 122;

    private const int NoSuchAddress = 6;
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int SeekData = 3;

    private const int GetOpenFileLock = 36;
    private const short ExclusiveLock = 1;
    private const short Unlocked = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int ExclusiveNonBlocking = 2 | 4;
    private const int Shared = 1;
    private const int WriteAndSearch = 2 | 1;
    private const int CurrentDirectory = -100;
    private const int NoFollowStatus = 0x100;
    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7ff;
    private const int PathOnly = 0x200000;

    /// <summary>The number of openat2, the same on all architectures.</summary>
    private const nint OpenAt2Number = 437;
    private const ulong NoMagicLinks = 0x02;
    private const ulong NoLinks = 0x04;
    private const ulong Beneath = 0x08;
    private const int LeadsOutside = 18;
    private const int NotADirectory = 20;

    /// <summary>FICLONE: the ioctl that takes the source's descriptor.</summary>
    private const nuint ShareBlocksRequest = 0x40049409;

    /// <summary>BLKZEROOUT: the ioctl that takes a start and a length.</summary>
    private const nuint ZeroOut = 0x127f;
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int DirectoryOnly = IsArm ? 0x4000 : 0x10000;
    private static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    /// <summary>Opens a file for reading, never through a symbolic link, and without waiting for the writer of a pipe.</summary>
    public static SafeFileHandle OpenForReading(string path) => Open(path, NoFollow | NonBlocking);

    /// <summary>Opens a directory that an administrator has named, to go on from it.</summary>
    public static SafeFileHandle OpenRoot(string path) => Open(path, DirectoryOnly | PathOnly);

    /// <summary>Opens a file below a directory for reading. Links are followed as long as they don't lead out of it.</summary>
    /// <exception cref="IOException">Something on the way leads out of it, or it can't be opened.</exception>
    public static unsafe SafeFileHandle OpenBeneath(SafeFileHandle directory, string path, string shown)
    {
        var descriptor = OpenAt2((int)directory.DangerousGetHandle(), path, NonBlocking | CloseOnExec, Beneath | NoMagicLinks);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        var error = Marshal.GetLastPInvokeError();
        throw error is LeadsOutside or Loop
            ? new IOException($"{Path.Combine(shown, path)} is a link, or lies behind one, that leads out of {shown}.")
            : error is NotADirectory
                ? new FileNotFoundException($"There is no {Path.Combine(shown, path)}.")
                : Failure("open", Path.Combine(shown, path));
    }

    /// <summary>Opens a file for reading to which no link leads on the whole way.</summary>
    public static unsafe SafeFileHandle OpenWithoutLinks(string path)
    {
        var descriptor = OpenAt2(CurrentDirectory, path, NonBlocking | CloseOnExec, NoLinks);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure("open", path);
    }

    /// <summary>Where what is open lies.</summary>
    public static string RealPath(SafeFileHandle handle) =>
        File.ResolveLinkTarget($"/proc/self/fd/{handle.DangerousGetHandle()}", returnFinalTarget: false)?.FullName
            ?? throw new IOException("Where it lies can't be found out.");

    /// <summary>Where a path leads, through links; of one that is not there, where its nearest directory leads that is.</summary>
    public static string RealPath(string path)
    {
        for (var (there, rest) = (path, ""); ; (there, rest) = (Path.GetDirectoryName(there)!, Path.Combine(Path.GetFileName(there), rest)))
        {
            var descriptor = OpenCall(there, PathOnly | CloseOnExec);
            if (descriptor >= 0)
            {
                using var open = new SafeFileHandle(descriptor, ownsHandle: true);
                return Path.TrimEndingDirectorySeparator(Path.Combine(RealPath(open), rest));
            }

            // A link that leads nowhere is named as what it would be.
            if (there == "/" || Marshal.GetLastPInvokeError() is not (NoEntry or NotADirectory))
                return path;
        }
    }

    /// <summary>Opens a directory, to flush or lock it.</summary>
    public static SafeFileHandle OpenDirectory(string path) => Open(path, DirectoryOnly);

    /// <summary>Makes the contents of a file, or the names in a directory, durable.</summary>
    public static void Flush(SafeFileHandle handle, string path)
    {
        if (FSync(handle) != 0)
            throw Failure("flush", path);
    }

    /// <summary>Sets the permissions of a file or directory.</summary>
    public static void SetMode(SafeFileHandle handle, uint mode, string path)
    {
        if (FChMod(handle, mode) != 0)
            throw Failure("set the permissions of", path);
    }

    /// <summary>The user that this process acts as.</summary>
    public static uint EffectiveUser => GetEffectiveUser();

    /// <summary>Sets which permissions new files of this process, and of those that it starts, do not get.</summary>
    public static void SetMask(uint mask) => _ = UMask(mask);

    /// <summary>Says which process holds a lock on a file, for people; nothing if that can't be found out.</summary>
    public static string LockHolder(string path)
    {
        try
        {
            var buffer = Mark(path).Split(' ')[0];
            var held = File.ReadLines("/proc/locks").Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .FirstOrDefault(l => l.Length > 5 && l[5].EndsWith($":{buffer}", StringComparison.Ordinal));
            return held is null ? "" : $" by process {held[4]}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Gives a file a second name, unless that name is taken: the atomic "create new".</summary>
    /// <returns>Whether the name was free.</returns>
    public static bool TryLink(string existing, string name)
    {
        if (LinkCall(existing, name) == 0)
            return true;
        return Marshal.GetLastPInvokeError() == Exists ? false : throw Failure("link", name);
    }

    /// <summary>Makes a new file that shares all blocks with another one, as XFS and btrfs can, at no cost of time or space.</summary>
    /// <returns>Whether that is possible between these two places; if not, there is no new file.</returns>
    public static bool TryShareBlocks(string existing, string path)
    {
        using var source = OpenForReading(existing);
        using (var copy = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            if (ShareBlocksCall(copy, ShareBlocksRequest, source) == 0)
                return true;
        }

        // Also when it failed for another reason: an overlay is the answer to that, too, or says better what is wrong.
        File.Delete(path);
        return false;
    }

    /// <summary>Gives the space of a file's beginning back; its length and what follows stay.</summary>
    public static void DropBeginning(SafeFileHandle handle, long count, string path)
    {
        if (FAllocate(handle, PunchHole | KeepSize, 0, (nint)count) != 0)
        {
            throw Failure("drop the beginning of", path);
        }
    }

    /// <summary>
    /// Where a file has data at or after an offset: behind a hole, or at the offset where its file system knows of no holes; null if there
    /// are none.
    /// </summary>
    public static long? FindData(SafeFileHandle handle, long offset)
    {
        var at = (long)LSeek(handle, (nint)offset, SeekData);
        return at >= 0 ? at : Marshal.GetLastPInvokeError() == NoSuchAddress ? null : offset;
    }

    /// <summary>Holds a directory against removal by <see cref="TryLockForRemoval"/> until the handle is closed.</summary>
    public static bool TryHold(SafeFileHandle directory) => FLock(directory, Shared) == 0;

    /// <summary>Tells whether nobody holds the directory. Where directories can't be locked the answer is no: the safe one.</summary>
    public static bool TryLockForRemoval(SafeFileHandle directory) => FLock(directory, ExclusiveNonBlocking) == 0;

    /// <summary>Tells whether names can be added to a directory; also no on a file system that is mounted read-only.</summary>
    public static bool IsWritableDirectory(string path) => Access(path, WriteAndSearch) == 0;

    /// <summary>Tells whether anybody else holds a lock on some bytes of a file.</summary>
    public static unsafe bool IsLocked(SafeFileHandle handle, long start, long count, string path)
    {
        // struct flock: type at 0, whence at 2, start at 8, length at 16, process at 24, which must be 0 here.
        var question = stackalloc byte[32];
        new Span<byte>(question, 32).Clear();
        *(short*)question = ExclusiveLock;
        *(long*)(question + 8) = start;
        *(long*)(question + 16) = count;
        if (FCntl(handle, GetOpenFileLock, question) != 0)
            throw Failure("check the locks of", path);
        return *(short*)question != Unlocked;
    }

    /// <summary>Reads the status of what a name stands for, of the link itself if it is one.</summary>
    /// <returns><c>null</c> when there is nothing of that name.</returns>
    public static unsafe FileStatus? TryGetStatus(string path)
    {
        var buffer = stackalloc byte[256];
        if (StatX(CurrentDirectory, path, NoFollowStatus, BasicStatus, buffer) != 0)
            return Marshal.GetLastPInvokeError() == NoEntry ? null : throw Failure("stat", path);
        return StatusIn(buffer);
    }

    /// <summary>Reads the status of what a name leads to, through links.</summary>
    public static unsafe FileStatus GetStatusBehindLinks(string path)
    {
        var buffer = stackalloc byte[256];
        return StatX(CurrentDirectory, path, 0, BasicStatus, buffer) == 0
            ? StatusIn(buffer)
            : throw Failure("stat", path);
    }

    /// <summary>Reads the status of what is open.</summary>
    public static unsafe FileStatus GetStatus(SafeFileHandle handle, string path)
    {
        var buffer = stackalloc byte[256];
        return StatX((int)handle.DangerousGetHandle(), "", EmptyPath, BasicStatus, buffer) == 0
            ? StatusIn(buffer)
            : throw Failure("stat", path);
    }

    /// <summary>Has a part of a block device read as zeros, in whichever way is its fastest.</summary>
    public static unsafe void Zero(SafeFileHandle device, long start, long count, string path)
    {
        var range = stackalloc ulong[2];
        (range[0], range[1]) = ((ulong)start, (ulong)count);
        if (IoControl(device, ZeroOut, range) != 0)
            throw Failure("write zeros to", path);
    }

    /// <summary>Opens for reading what a name leads to, also through links, without waiting for the writer of a pipe.</summary>
    public static SafeFileHandle OpenBehindLinks(string path) => Open(path, NonBlocking);

    /// <summary>
    /// What changes with every write to a file and with every name in a directory: which file it is, its size and its times.
    /// </summary>
    public static unsafe string Mark(string path)
    {
        // In struct statx: inode at 32, size at 40, then ctime at 96 and mtime at 112, each seconds and nanoseconds.
        var buffer = stackalloc byte[256];
        if (StatX(CurrentDirectory, path, NoFollowStatus, BasicStatus, buffer) != 0)
            throw Failure("stat", path);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{*(long*)(buffer + 32)} {*(long*)(buffer + 40)} {*(long*)(buffer + 96)}.{*(uint*)(buffer + 104)} "
                + $"{*(long*)(buffer + 112)}.{*(uint*)(buffer + 120)}");
    }

    // struct statx has the same layout on all architectures, unlike struct stat: user at 20, mode at 28, inode at 32, size at 40, blocks
    // at 48, ctime at 96, both numbers of the device at 136.
    private static unsafe FileStatus StatusIn(byte* buffer) => new(
        *(ushort*)(buffer + 28), *(uint*)(buffer + 20), *(long*)(buffer + 40), *(long*)(buffer + 48) * 512, *(ulong*)(buffer + 136),
        *(ulong*)(buffer + 32),
        (*(long*)(buffer + 96) * 1_000_000_000) + *(uint*)(buffer + 104));

    private static unsafe int OpenAt2(int directory, string path, int flags, ulong resolve)
    {
        // struct open_how: flags, mode, resolve.
        var how = stackalloc ulong[3];
        (how[0], how[1], how[2]) = ((ulong)flags, 0, resolve);
        return (int)OpenAt2Call(OpenAt2Number, directory, path, how, 24);
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        var descriptor = OpenCall(path, flags | CloseOnExec);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure("open", path);
    }

    private static IOException Failure(string verb, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        var message = $"Can't {verb} {path}: {Marshal.GetPInvokeErrorMessage(error)}";
        return error == NoEntry ? new FileNotFoundException(message, path) : new IOException(message, error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenCall(string path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint OpenAt2Call(nint number, nint directory, string path, ulong* how, nint bytes);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUser();

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int FChMod(SafeFileHandle handle, uint mode);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint UMask(uint mask);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static unsafe partial int FCntl(SafeFileHandle handle, int command, byte* argument);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle handle, int operation);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ShareBlocksCall(SafeFileHandle copy, nuint request, SafeFileHandle source);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static unsafe partial int IoControl(SafeFileHandle handle, nuint request, void* argument);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int FAllocate(SafeFileHandle handle, int mode, nint offset, nint count);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial nint LSeek(SafeFileHandle handle, nint offset, int whence);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkCall(string existing, string name);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(int directory, string path, int flags, uint mask, byte* buffer);
}
