using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Database.Journal;

/// <summary>The few calls of libc that the base library lacks.</summary>
internal static partial class NativeFile
{
    private const int SeekEnd = 2;
    private const int Interrupted = 4;
    private const int ReadOnlyCloseOnExec = 0x80000; // the same on every architecture of Linux that .NET has; O_DIRECTORY is not

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

    /// <summary>Makes a new name in a folder durable.</summary>
    public static void FlushFolder(string path)
    {
        using var handle = Open(path, ReadOnlyCloseOnExec);
        if (handle.IsInvalid)
            throw Failure("open", path, Marshal.GetLastPInvokeError());
        while (FSync(handle) != 0)
            ThrowUnlessInterrupted("make durable", path);
    }

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

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial long LSeek(SafeFileHandle handle, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial SafeFileHandle Open(string path, int flags);
}
