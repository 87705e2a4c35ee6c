using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage;

/// <summary>
/// Opens a file of this machine that somebody at a distance has named: for reading only, and nothing whose mere opening does something
/// (a character device, a pipe) or whose content the kernel makes up.
/// </summary>
public static class HostFile
{
    private static readonly string[] MadeUp = ["/proc", "/sys"];

    /// <summary>Opens it. Links are followed, as the names of devices are links; what counts is where they lead.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="closed">A directory of which nothing is opened.</param>
    /// <exception cref="IOException">It is nothing that is opened here, or it can't be; the message says which and why.</exception>
    public static SafeFileHandle OpenToRead(string path, string closed)
    {
        if (HostRoots.LeadsNowhere(path))
        {
            throw new IOException("The path must be a whole one, beginning with a slash.");
        }

        // Before the opening, since that alone can do something; and again after it, since the name may lead elsewhere by then.
        Require(Posix.GetStatusBehindLinks(path));
        var handle = Posix.OpenBehindLinks(path);
        try
        {
            Require(Posix.GetStatus(handle, path));
            var real = File.ResolveLinkTarget($"/proc/self/fd/{handle.DangerousGetHandle()}", returnFinalTarget: false)?.FullName
                ?? throw new IOException("Where it lies can't be found out.");
            if (MadeUp.Any(d => IsBelow(real, d)))
            {
                throw new IOException("What lies below /proc and /sys is no file: the kernel makes it up.");
            }

            return IsBelow(real, Path.GetFullPath(closed))
                ? throw new IOException("It lies in the daemon's own directory, of which nothing is opened this way.")
                : handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Whether this leads to a pipe, a socket or a character device, which have no content of their own that could be lost.
    /// </summary>
    /// <exception cref="IOException">It can't be looked at.</exception>
    public static bool IsStream(string path) =>
        Path.Exists(path) && Posix.GetStatusBehindLinks(path) is { IsFile: false, IsDirectory: false, IsBlockDevice: false };

    private static void Require(FileStatus status)
    {
        if (!status.IsFile && !status.IsBlockDevice)
        {
            throw new IOException(status.IsDirectory
                ? "It is a directory. Name a file in it, or a block device."
                : "It is neither a regular file nor a block device.");
        }
    }

    private static bool IsBelow(string path, string directory) =>
        path == directory || path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);
}
