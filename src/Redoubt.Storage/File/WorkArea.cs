using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage.FileDriver;

/// <summary>
/// A directory in which one operation makes its files before they get their names. Everything in it may be lost at any moment.
/// </summary>
/// <remarks>
/// It lies on the same file system as the names it serves. Its own name begins with <see cref="Prefix"/>, so scans pass over it. While
/// the operation runs it holds a lock on the directory; the kernel drops the lock when the process dies, and then a sweep may remove it.
/// The lock is on the directory and not on the image, because QEMU puts its own locks on images.
/// </remarks>
internal sealed class WorkArea : IDisposable
{
    /// <summary>How the names of work areas begin; nothing else in a location may be called so.</summary>
    public const string Prefix = ".redoubt-work-";

    private const int Attempts = 5;
    private readonly SafeFileHandle _hold;

    private WorkArea(string path, SafeFileHandle hold)
    {
        Root = path;
        _hold = hold;
    }

    /// <summary>The directory.</summary>
    public string Root { get; }

    /// <summary>Makes a work area in a directory.</summary>
    public static WorkArea CreateIn(string parent)
    {
        for (var attempt = 1; ; attempt++)
        {
            var path = Path.Combine(parent, Prefix + Guid.NewGuid().ToString("N"));
            Directory.CreateDirectory(path);
            try
            {
                var hold = Posix.OpenDirectory(path);
                Posix.TryHold(hold);

                // A sweep may have taken the directory between its making and its locking; then there is nothing of this name any more.
                if (Directory.Exists(path))
                    return new WorkArea(path, hold);
                hold.Dispose();
            }
            catch (FileNotFoundException) when (attempt < Attempts)
            {
            }

            if (attempt >= Attempts)
                throw new IOException($"Directories made in {parent} vanish at once: something else cleans up there.");
        }
    }

    /// <summary>Removes the work areas of operations that have died. Those still at work, here or in another process, are left.</summary>
    public static void Sweep(string parent)
    {
        foreach (var path in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            // A link of such a name is no work area: removing through it would remove what it points to.
            if (Posix.TryGetStatus(path) is not { IsDirectory: true })
                continue;
            using var handle = Posix.OpenDirectory(path);
            if (Posix.TryLockForRemoval(handle))
                RemoveIfIdle(path);
        }
    }

    /// <summary>A path inside.</summary>
    public string PathOf(string name) => Path.Combine(Root, name);

    /// <summary>Removes the directory and whatever was not given a name outside.</summary>
    public void Dispose()
    {
        RemoveIfIdle(Root);
        _hold.Dispose();
    }

    private static void RemoveIfIdle(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another sweep was faster.
        }
        catch (IOException)
        {
            // Neither the outcome of an operation nor an attach may depend on this: the qemu-img of a daemon that was killed can outlive
            // it for a while and go on writing here. What stays is no content, is passed over by scans, and goes with the next sweep.
        }
    }
}
