namespace Redoubt.Storage.FileDriver;

/// <summary>
/// The one place where names in an SR change. Content is made in a <see cref="WorkArea"/>, flushed, and then appears under its name in
/// one step; the directory is flushed before the call returns.
/// </summary>
internal static class DurableDirectory
{
    /// <summary>Gives a finished file its name, if that is free.</summary>
    /// <returns>Whether it was free.</returns>
    public static bool TryPublish(string finished, string name)
    {
        FlushFile(finished);

        // Not rename: that would silently replace a file that appeared meanwhile. The first name goes with the work area.
        if (!Posix.TryLink(finished, name))
            return false;
        FlushParent(name);
        return true;
    }

    /// <summary>Puts a finished file in the place of another. Who has the other open keeps reading it.</summary>
    public static void Replace(string finished, string name)
    {
        FlushFile(finished);
        File.Move(finished, name, overwrite: true);
        FlushParent(name);
    }

    /// <summary>Removes a name; one that is not there is success.</summary>
    public static void Remove(string name)
    {
        File.Delete(name);
        FlushParent(name);
    }

    /// <summary>Gives a finished directory, whose files have been flushed, its name; fails if that is taken by anything with content.</summary>
    public static void PublishDirectory(string finished, string name)
    {
        FlushDirectory(finished);
        Directory.Move(finished, name);
        FlushParent(name);
    }

    /// <summary>Makes a directory; one that is there already is success.</summary>
    public static void CreateDirectory(string name)
    {
        Directory.CreateDirectory(name);
        FlushDirectory(name);
        FlushParent(name);
    }

    /// <summary>Removes an empty directory.</summary>
    public static void RemoveDirectory(string name)
    {
        Directory.Delete(name);
        FlushParent(name);
    }

    /// <summary>Makes the content of a file durable.</summary>
    public static void FlushFile(string path)
    {
        using var handle = Posix.OpenForReading(path);
        Posix.Flush(handle, path);
    }

    private static void FlushParent(string path) => FlushDirectory(Path.GetDirectoryName(path)!);

    private static void FlushDirectory(string path)
    {
        using var handle = Posix.OpenDirectory(path);
        Posix.Flush(handle, path);
    }
}
