using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage;

/// <summary>
/// A file that somebody who is not to be trusted appends to without end, and of which only the end is kept: the space of its beginning is
/// given back, while every byte stays at its offset, so that whoever writes or reads it needs not be told.
/// </summary>
public static class GrowingLog
{
    // Only whole blocks are given back, of which no file system has larger ones.
    private const long Block = 64 << 10;

    /// <summary>Where what is kept of it begins; 0 if all of it is.</summary>
    public static long Begin(SafeFileHandle handle) => Posix.FindData(handle, 0) ?? 0;

    /// <summary>Gives the beginning back of a file that takes more than so many bytes.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="most">The most that it may take.</param>
    /// <param name="kept">How much of its end is kept then.</param>
    /// <returns>Whether it was too long.</returns>
    /// <exception cref="IOException">The file system can't do that, or the file is gone.</exception>
    public static bool Cut(string path, long most, long kept)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        var length = RandomAccess.GetLength(file);
        if (length - Begin(file) <= most)
        {
            return false;
        }

        Posix.DropBeginning(file, (length - kept) / Block * Block, path);
        return true;
    }
}
