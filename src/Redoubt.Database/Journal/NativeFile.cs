using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Database.Journal;

/// <summary>The few calls of libc that the base library lacks.</summary>
internal static partial class NativeFile
{
    private const int SeekEnd = 2;
    private const int NoEntry = 2;
    private const int NoDirectory = 20;
    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int EmptyPath = 0x1000;

    // STATX_TYPE, MODE, NLINK, INO, SIZE. Not the times: since Linux 6.13 a file whose times were asked for gets new ones with its very
    // next write instead of once in some milliseconds, and a journal would pay for that with every change.
    private const uint Wanted = 0x307;
    private const int StatusBytes = 256;
    private const int Interrupted = 4;

    /// <summary>
    /// Makes data durable. <see cref="RandomAccess.FlushToDisk"/> is fsync, which writes the times of the file too: a second write for
    /// every commit, and nobody reads those times.
    /// </summary>
    public static void FlushData(SafeFileHandle handle, string path)
    {
        while (FdataSync(handle) != 0)
            ThrowUnlessInterrupted("make durable", path);
    }

    /// <summary>Length of a file or block device; the base library answers 0 for the latter.</summary>
    public static long Length(SafeFileHandle handle, string path)
    {
        var length = LSeek(handle, 0, SeekEnd);
        return length >= 0 ? length : throw Failure("find the length of", path, Marshal.GetLastPInvokeError());
    }

    /// <summary>
    /// What a name stands for, of the link itself if it is one; <see langword="null"/> where there is nothing of that name.
    /// </summary>
    /// <param name="path">The name in UTF-8, ending in NUL.</param>
    /// <param name="name">The same, to tell people of.</param>
    /// <param name="behindLinks">Whether what a link leads to is asked for instead.</param>
    public static unsafe FileStanding? Find(byte[] path, string name, bool behindLinks)
    {
        var buffer = stackalloc byte[StatusBytes];
        fixed (byte* text = path)
        {
            if (StatX(CurrentDirectory, text, behindLinks ? 0 : NoFollow, Wanted, buffer) == 0)
                return Standing(buffer);
        }

        var error = Marshal.GetLastPInvokeError();
        return error is NoEntry or NoDirectory ? null : throw Failure("look at", name, error);
    }

    /// <summary>What is open.</summary>
    public static unsafe FileStanding Of(SafeFileHandle handle, string name)
    {
        var buffer = stackalloc byte[StatusBytes];
        var nothing = (byte)0;
        return StatX((int)handle.DangerousGetHandle(), &nothing, EmptyPath, Wanted, buffer) == 0
            ? Standing(buffer)
            : throw Failure("look at", name, Marshal.GetLastPInvokeError());
    }

    // struct statx is the same on every architecture: links at 16, mode at 28, inode at 32, size at 40, device at 136 and 140.
    private static unsafe FileStanding Standing(byte* buffer) => new(
        ((ulong)*(uint*)(buffer + 136) << 32) | *(uint*)(buffer + 140), *(ulong*)(buffer + 32), *(long*)(buffer + 40),
        *(uint*)(buffer + 16), *(ushort*)(buffer + 28));

    private static void ThrowUnlessInterrupted(string what, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        if (error != Interrupted)
            throw Failure(what, path, error);
    }

    private static IOException Failure(string what, string path, int error) =>
        new($"cannot {what} {path}: {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int FdataSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial long LSeek(SafeFileHandle handle, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static unsafe partial int StatX(int directory, byte* path, int flags, uint mask, byte* status);
}
