using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage;

/// <summary>
/// The one place where files that are kept get their content and their names. Content is made under another name, flushed, and then
/// appears under its own in one step; the directory is flushed before the call returns, for a power cut takes back names as well.
/// Nobody but the daemon's user can read what is made here.
/// </summary>
/// <remarks>
/// Two kinds of files have a writer of their own, since they are written in place: journals (<c>Redoubt.Database</c>) and the runs, which
/// SQLite writes. The names of journals are given here too.
/// </remarks>
public static class DurableFile
{
    private const uint OwnerOnly = 0x180;
    private const uint OwnersDirectory = 0x1c0;

    // A hypervisor's user must get through to the disks in it that it is given. It can't see what else there is.
    private const uint OthersPass = 0x9;
    private const string Making = ".new";

    /// <summary>Reads a kept file.</summary>
    /// <param name="path">Where it is.</param>
    /// <returns>Its content; null if there is nothing of that name.</returns>
    /// <exception cref="InvalidDataException">What lies there is no plain file of the daemon's user, or can't be read; says
    /// which.</exception>
    public static byte[]? Read(string path)
    {
        using var handle = TryOpen(path);
        if (handle is null)
        {
            return null;
        }

        try
        {
            // A file system without sizes, or a file that grows meanwhile, is none of ours; but what is read must be all of it.
            var content = new byte[RandomAccess.GetLength(handle)];
            var read = 0;
            while (read < content.Length && RandomAccess.Read(handle, content.AsSpan(read), read) is > 0 and var more)
            {
                read += more;
            }

            return read == content.Length ? content : throw new IOException($"it ends after {read} of its {content.Length} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e.Message, e);
        }
    }

    /// <summary>What stands against using what lies at a path as a kept file; null if nothing does, or nothing lies there.</summary>
    /// <exception cref="IOException">That can't be found out.</exception>
    public static string? Describe(string path) => Posix.TryGetStatus(path) switch
    {
        // A link or a pipe is never opened: who could plant one here would have the daemon read, or wait for, what they like.
        null or { IsFile: true } => null,
        { IsDirectory: true } => "it is a directory, not a file",
        { IsLink: true } => "it is a symbolic link, which is not followed",
        _ => "it is no plain file",
    };

    /// <summary>
    /// Whether a path leads, also through links, to something that can be opened without waiting for anybody: a plain file.
    /// </summary>
    /// <exception cref="IOException">It leads nowhere.</exception>
    public static bool LeadsToFile(string path) => Posix.GetStatusBehindLinks(path).IsFile;

    /// <summary>Checks that what lies at a path can be read.</summary>
    /// <exception cref="InvalidDataException">It can't, or is no plain file.</exception>
    public static void RequireReadable(string path) => TryOpen(path)?.Dispose();

    /// <summary>Writes a kept file, whole or not at all; durable when it returns.</summary>
    /// <exception cref="IOException">It can't be written; what was there stays.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content) => Write(path, content, null);

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte})"/>
    /// <param name="path">Where it lies.</param>
    /// <param name="content">What it is to hold.</param>
    /// <param name="agree">
    /// Called when all that takes space has been written, and before it has its name; if it throws, what was there stays.
    /// </param>
    internal static void Write(string path, ReadOnlySpan<byte> content, Action? agree)
    {
        var making = path + Making;
        File.Delete(making);
        using (var file = File.OpenHandle(making, FileMode.CreateNew, FileAccess.Write))
        {
            Posix.SetMode(file, OwnerOnly, making);
            RandomAccess.Write(file, content, 0);
            Posix.Flush(file, making);
        }

        agree?.Invoke();
        File.Move(making, path, overwrite: true);
        FlushParent(path);
    }

    /// <summary>Removes a name; one that is not there is success.</summary>
    /// <exception cref="IOException">It can't be removed.</exception>
    public static void Remove(string path)
    {
        File.Delete(path);
        FlushParent(path);
    }

    /// <summary>Gives a file another name in the same directory, in the place of whatever has that name.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public static void Rename(string path, string name)
    {
        if (Directory.Exists(path))
        {
            // Somebody's folder, in the place of a file.
            Directory.Move(path, name);
        }
        else
        {
            File.Move(path, name, overwrite: true);
        }

        FlushParent(name);
    }

    /// <summary>Gives a finished file its name, if that is free.</summary>
    /// <returns>Whether it was free.</returns>
    public static bool TryPublish(string finished, string name)
    {
        Finish(finished);

        // Not rename: that would silently replace a file that appeared meanwhile. The first name goes with the work area.
        if (!Posix.TryLink(finished, name))
        {
            return false;
        }

        FlushParent(name);
        return true;
    }

    /// <summary>Puts a finished file in the place of another. Who has the other open keeps reading it.</summary>
    public static void Replace(string finished, string name)
    {
        Finish(finished);
        Rename(finished, name);
    }

    /// <summary>
    /// Gives a finished directory, whose files have been flushed, its name; fails if that is taken by anything with content. Others can
    /// pass through it, as through a new one of <see cref="CreateSharedDirectory"/>.
    /// </summary>
    public static void PublishDirectory(string finished, string name)
    {
        using (var handle = Posix.OpenDirectory(finished))
        {
            Posix.SetMode(handle, OwnersDirectory | OthersPass, finished);
            Posix.Flush(handle, finished);
        }

        Directory.Move(finished, name);
        FlushParent(name);
    }

    /// <summary>Makes a directory that only its owner can look into; one that is there already is success.</summary>
    public static void CreateDirectory(string path) => CreateDirectory(path, OwnersDirectory);

    /// <summary>Makes a directory that others can pass through, but not look into; one that is there already is success.</summary>
    public static void CreateSharedDirectory(string path) => CreateDirectory(path, OwnersDirectory | OthersPass);

    private static void CreateDirectory(string path, uint mode)
    {
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            using var made = Posix.OpenDirectory(path);
            Posix.SetMode(made, mode, path);
        }

        FlushDirectory(path);
        FlushParent(path);
    }

    /// <summary>Removes an empty directory.</summary>
    public static void RemoveDirectory(string path)
    {
        Directory.Delete(path);
        FlushParent(path);
    }

    /// <summary>Makes the content of a file durable.</summary>
    public static void Flush(string path)
    {
        using var handle = Posix.OpenForReading(path);
        Posix.Flush(handle, path);
    }

    /// <summary>Opens a kept file to read it; null if there is nothing of that name.</summary>
    /// <exception cref="InvalidDataException">What lies there is no plain file of the daemon's user, or can't be opened; says
    /// which.</exception>
    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            if (Describe(path) is { } wrong)
            {
                throw Unusable(path, wrong, null);
            }

            return Posix.OpenForReading(path);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException e)
        {
            throw Unusable(path, e.Message, e);
        }
    }

    private static InvalidDataException Unusable(string path, string why, Exception? cause) => new($"{path} can't be used: {why}.", cause);

    /// <summary>What qemu-img and others have made has the mode that they like.</summary>
    private static void Finish(string path)
    {
        using var handle = Posix.OpenForReading(path);
        Posix.SetMode(handle, OwnerOnly, path);
        Posix.Flush(handle, path);
    }

    private static void FlushParent(string path) => FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);

    private static void FlushDirectory(string path)
    {
        using var handle = Posix.OpenDirectory(path);
        Posix.Flush(handle, path);
    }
}
