using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage;

/// <summary>
/// Where on this host that may lie which somebody at a distance names: what guests boot from, and storage. The administrator of the host
/// says so when starting the daemon, since whoever names a file to a daemon reads it with the daemon's rights.
/// </summary>
/// <remarks>
/// A file for booting is opened below its root without leaving it, by whatever links there are, and what is open is what is judged. What is
/// then given on is the place where it really lies, in directories that nobody but the administrator writes to, so that nobody puts another
/// file there meanwhile.
/// </remarks>
public sealed class HostRoots
{
    private static readonly string[] OfTheSystem =
    [
        "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run", "/sbin", "/sys", "/usr", "/var/cache",
        "/var/lib/dpkg", "/var/lib/libvirt", "/var/log", "/var/mail", "/var/spool",
    ];

    // Memory, and where XenServer and desktops mount storage: below directories of the system, and not the system's.
    private static readonly string[] ForStorageInThem = ["/dev/shm", "/run/sr-mount", "/run/media"];

    private readonly string _own;

    /// <summary>Takes what the administrator says.</summary>
    /// <param name="boot">The directories of kernels and ramdisks.</param>
    /// <param name="storage">
    /// The directories and devices of storage, and its shares as <c>server:/path</c>; none: see <see cref="FindLocationProblem(string,
    /// bool)"/>.
    /// </param>
    /// <param name="own">The daemon's own directory.</param>
    public HostRoots(IReadOnlyList<string> boot, IReadOnlyList<string> storage, string own) =>
        (Boot, Storage, Shares, _own) =
            ([.. boot.Select(Clean)], [.. storage.Where(s => !IsShare(s)).Select(Clean)], [.. storage.Where(IsShare)], Clean(own));

    /// <summary>Where xapi, too, lets guests' kernels lie.</summary>
    public static IReadOnlyList<string> UsualBoot { get; } = ["/boot/guest", "/var/lib/xcp/guest"];

    /// <summary>Where storage is mounted or kept by custom.</summary>
    public static IReadOnlyList<string> UsualStorage { get; } =
    [
        .. new[]
        {
            "/srv", "/mnt", "/media", "/home", "/var/lib/redoubt", "/run/sr-mount", "/run/media", "/tmp", "/var/tmp",
            Clean(Path.GetTempPath()),
        }.Distinct(),
    ];

    /// <summary>The directories of kernels and ramdisks.</summary>
    public IReadOnlyList<string> Boot { get; }

    /// <summary>The directories of storage; none if the administrator named none.</summary>
    public IReadOnlyList<string> Storage { get; }

    /// <summary>The shares of storage; none if the administrator named none.</summary>
    public IReadOnlyList<string> Shares { get; }

    /// <summary>Whether the administrator has said where storage lies, so that it lies nowhere else.</summary>
    private bool AreNamed => Storage.Count + Shares.Count > 0;

    /// <summary>Whether this names a share of a server rather than a place of this host.</summary>
    public static bool IsShare(string place) => !place.StartsWith('/') && place.Contains(":/", StringComparison.Ordinal);

    /// <summary>
    /// What speaks against a path as that of a kernel or ramdisk; null if nothing does. One that is not there yet may come.
    /// </summary>
    public string? FindBootFileProblem(string path)
    {
        try
        {
            OpenBootFile(path).Handle.Dispose();
            return null;
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (IOException wrong)
        {
            return wrong.Message;
        }
    }

    /// <summary>Opens a kernel or ramdisk.</summary>
    /// <returns>What is open, and where it really lies.</returns>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is not where such files may lie, or not one that can be trusted; says which, in a
    /// sentence.</exception>
    public (SafeFileHandle Handle, string Path) OpenBootFile(string path)
    {
        if (!IsClean(path) || Boot.FirstOrDefault(r => IsBelow(path, r)) is not { } root)
        {
            throw new IOException(Boot.Count == 0
                ? "The administrator of this host allows no file to boot guests from."
                : $"Files that guests boot from lie below {string.Join(" or ", Boot)}, in a path without \"..\", and nowhere else.");
        }

        using var top = Posix.OpenRoot(root);
        var handle = Posix.OpenBeneath(top, Path.GetRelativePath(root, path), root);
        try
        {
            var status = Posix.GetStatus(handle, path);
            if (!status.IsFile)
            {
                throw new IOException($"{path} is no regular file.");
            }

            var real = Posix.RealPath(handle);
            RequireAdministrators(status, path);
            var last = Posix.RealPath(top);
            for (var directory = Path.GetDirectoryName(real)!; IsIn(directory, last); directory = Path.GetDirectoryName(directory)!)
            {
                RequireAdministrators(Posix.GetStatusBehindLinks(directory), directory);
                if (directory == "/")
                {
                    break;
                }
            }

            return (handle, real);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// What speaks against storage at a place; null if nothing does. It counts where the path really leads. Where the administrator named
    /// directories, storage lies there and nowhere else. Without any it may lie wherever the system or the daemon itself doesn't, if an
    /// administrator of the pool says so, and else where storage lies by custom.
    /// </summary>
    /// <param name="path">The place.</param>
    /// <param name="isAdministrator">Whether whoever names it could as well be asked for the password of the host's root.</param>
    public string? FindLocationProblem(string path, bool isAdministrator)
    {
        if (LeadsNowhere(path))
        {
            return null; // The driver says so.
        }

        var written = Clean(path);
        var real = Posix.RealPath(written);
        if (AreNamed)
        {
            return Storage.Any(r => IsIn(real, Posix.RealPath(r))) ? null : NotNamed(Lead(written, real));
        }

        var own = Posix.RealPath(_own);
        if (IsIn(real, own))
        {
            return $"{Lead(written, real)} in the daemon's own directory";
        }

        if (real == "/" || (OfTheSystem.Any(d => IsIn(real, d)) && !ForStorageInThem.Any(d => IsIn(real, d))))
        {
            return $"{Lead(written, real)} in a directory of the system";
        }

        return isAdministrator || UsualStorage.Any(r => IsIn(real, Posix.RealPath(r)))
            ? null
            : $"{Lead(written, real)} not below {string.Join(", ", UsualStorage)}; only an administrator of the "
                + "pool may name another place";
    }

    /// <summary>
    /// The same of a place that the pool's database names, by whomever it came there; copies for tests lie in the daemon's own directory,
    /// and so does what it mounts, which they build on.
    /// </summary>
    internal string? FindLocationProblem(string path) =>
        new[] { "tests", "mounts" }.Any(d => IsIn(Posix.RealPath(Clean(path)), Path.Combine(Posix.RealPath(_own), d)))
            ? null
            : FindLocationProblem(path, isAdministrator: true);

    /// <summary>
    /// What speaks against storage on a block device; null if nothing does. Without a word of the administrator of this host, one of the
    /// pool may name any.
    /// </summary>
    /// <inheritdoc cref="FindLocationProblem(string, bool)" path="/param"/>
    public string? FindDeviceProblem(string path, bool isAdministrator = true)
    {
        if (LeadsNowhere(path))
        {
            return null; // The driver says so.
        }

        var (written, real) = (Clean(path), Posix.RealPath(Clean(path)));
        if (AreNamed)
        {
            return Storage.Any(r => IsIn(written, r) || IsIn(real, Posix.RealPath(r))) ? null : NotNamed(Lead(written, real));
        }

        return isAdministrator ? null : $"{written} is a device; only an administrator of the pool may name one";
    }

    /// <summary>A share of a server as programs and administrators write it: <c>server:/path</c>, an IPv6 address in brackets.</summary>
    public static string ShareOf(string server, string path) =>
        $"{(server.Contains(':', StringComparison.Ordinal) && server[0] != '[' ? $"[{server}]" : server)}:{path}";

    /// <summary>What speaks against storage on a share of a server, written <c>server:/path</c>; null if nothing does.</summary>
    public string? FindShareProblem(string share) =>
        !AreNamed || Shares.Any(r => IsIn(share, r.TrimEnd('/'))) ? null : NotNamed($"{share} is");

    /// <summary>What speaks against asking a server what storage it has; null if nothing does.</summary>
    public string? FindServerProblem(string server) =>
        !AreNamed || Shares.Any(r => r.StartsWith(ShareOf(server, "/"), StringComparison.Ordinal)) ? null : NotNamed($"{server} is");

    private string NotNamed(string what) =>
        $"{what} not below {string.Join(" or ", Storage.Concat(Shares))}, where the administrator of this host lets storage lie";

    private static string Lead(string written, string real) => written == real ? $"{real} lies" : $"{written} leads to {real}, which lies";

    private static void RequireAdministrators(FileStatus status, string path)
    {
        if (status.IsWritableByOthers || (status.Owner != 0 && status.Owner != Posix.EffectiveUser))
        {
            throw new IOException(
                $"Others than the administrator may change {path}. Let root own it, and nobody else write to it (chmod go-w).");
        }
    }

    private static string Clean(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static bool IsClean(string path) => !LeadsNowhere(path) && Path.GetFullPath(path) == path;

    /// <summary>Where a path leads, through links; of one that is not there, where its nearest directory leads that is.</summary>
    public static string RealPath(string path) => Posix.RealPath(path);

    /// <summary>Whether no file can have this for its path.</summary>
    public static bool LeadsNowhere(string path) => !Path.IsPathFullyQualified(path) || path.Contains('\0', StringComparison.Ordinal);

    private static bool IsIn(string path, string directory) => path == directory || IsBelow(path, directory);

    private static bool IsBelow(string path, string directory) =>
        path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal) && path.Length > directory.TrimEnd('/').Length + 1;
}
