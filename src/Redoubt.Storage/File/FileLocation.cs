namespace Redoubt.Storage.FileDriver;

/// <summary>The part of <c>device-config</c> that the file driver reads, checked.</summary>
/// <param name="Root">The directory in which SRs lie.</param>
/// <param name="BackingDirectory">The SR directory on whose images this SR's disks may build; <c>null</c> when they stand alone.</param>
internal sealed record FileLocation(string Root, string? BackingDirectory)
{
    /// <summary>The key of the directory in which SRs lie.</summary>
    public const string LocationKey = "location";

    /// <summary>The key that a writable clone carries: the directory of the SR it was cloned from.</summary>
    public const string BackingKey = "backing-location";

    /// <summary>Reads the device config without touching the storage.</summary>
    public static FileLocation Parse(IReadOnlyDictionary<string, string> deviceConfig)
    {
        var root = deviceConfig.GetValueOrDefault(LocationKey);
        if (string.IsNullOrEmpty(root))
        {
            throw SrFailure.Backend(
                SrFailure.ConfigLocationMissing, "device-config:location is missing: set it to the absolute path of a directory.");
        }

        var backing = deviceConfig.GetValueOrDefault(BackingKey);
        return new FileLocation(Canonical(LocationKey, root), string.IsNullOrEmpty(backing) ? null : Canonical(BackingKey, backing));
    }

    /// <summary>The same by the names that no link leads from, if storage may lie there.</summary>
    public FileLocation Resolve(HostRoots? roots)
    {
        foreach (var (key, path) in new[] { (LocationKey, Root), (BackingKey, BackingDirectory) })
        {
            if (path is not null && roots?.FindLocationProblem(path) is { } problem)
                throw SrFailure.Backend(SrFailure.InvalidArgument, $"device-config:{key} can't be used: {problem}.");
        }

        return new(Posix.RealPath(Root), BackingDirectory is null ? null : Posix.RealPath(BackingDirectory));
    }

    /// <summary>Checks that the directory is there.</summary>
    public void RequireExists()
    {
        if (Directory.Exists(Root))
            return;
        throw SrFailure.Backend(SrFailure.SrUnavailable, File.Exists(Root)
            ? $"{Root} is a file: set device-config:location to a directory."
            : $"The directory {Root} does not exist: make it, or mount the storage that it is on.");
    }

    /// <summary>Checks that the directory is there and can be written.</summary>
    public void RequireWritable(int failureNumber)
    {
        RequireExists();
        RequireWritable(Root, failureNumber);
    }

    /// <summary>Checks that a directory can be written.</summary>
    public static void RequireWritable(string directory, int failureNumber)
    {
        if (!Posix.IsWritableDirectory(directory))
            throw SrFailure.Backend(
                failureNumber, $"{directory} can't be written: check its permissions and that it is not mounted read-only.");
    }

    /// <summary>The directory of an SR.</summary>
    public string DirectoryOf(SrUuid sr) => Path.Combine(Root, sr.ToString());

    private static string Canonical(string key, string path)
        => HostRoots.LeadsNowhere(path)
            ? throw SrFailure.Backend(SrFailure.InvalidArgument, $"device-config:{key} is '{path}': give an absolute path.")
            : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
