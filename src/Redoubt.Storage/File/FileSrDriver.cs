using Redoubt.Storage.Images;

// The folder is File/ after the SR type; a namespace of that name would hide System.IO.File from all code below Redoubt.Storage.
namespace Redoubt.Storage.FileDriver;

/// <summary>
/// SRs in a directory: <c>device-config:location</c> names it, each SR is a subdirectory named by its UUID, each disk a file in there.
/// </summary>
/// <remarks>The layout is described in <c>docs/formats/file-sr.md</c>.</remarks>
/// <param name="images">Makes and converts images.</param>
/// <param name="scratchDirectory">
/// Where exports that need converting are put together, outside all SRs, since a read-only SR must not be written. Never left behind.
/// </param>
/// <param name="roots">Where storage may lie; <see langword="null"/>: anywhere.</param>
public sealed class FileSrDriver(QemuImg images, string scratchDirectory, HostRoots? roots = null) : ISrDriver
{
    private const string FileType = "file";

    /// <inheritdoc/>
    public string Type => FileType;

    /// <inheritdoc/>
    public string Description => "Disks as qcow2 or raw files in a directory of this host, which may be any mounted file system.";

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig { get; } = [FileLocation.LocationKey];

    /// <inheritdoc/>
    public SrFeatures Features { get; } = new() { HoldsMetadata = true, AttachesVdis = true, ChangesVdis = true, TestCloneType = FileType };

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        await ProbeAsync(await LocationAsync(deviceConfig, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        await CreateAsync(uuid, await LocationAsync(deviceConfig, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken) =>
        await AttachAsync(uuid, await LocationAsync(deviceConfig, cancellationToken), access, null, cancellationToken);

    /// <inheritdoc/>
    public async Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        await DestroyAsync(uuid, await LocationAsync(deviceConfig, cancellationToken), cancellationToken);

    /// <summary>The disk that the image of a path is in an SR; <see langword="null"/>: it is none.</summary>
    /// <param name="sr">The SR.</param>
    /// <param name="deviceConfig">Its device config.</param>
    /// <param name="image">The path, by the names that no link leads from.</param>
    public static VdiUuid? DiskOf(SrUuid sr, IReadOnlyDictionary<string, string> deviceConfig, string image) =>
        deviceConfig.GetValueOrDefault(FileLocation.LocationKey) is { Length: > 0 } location && !HostRoots.LeadsNowhere(location)
            && VdiFile.TryParse(image, out var file) && file.FullPath == image
            && file.Directory == Path.Combine(Posix.RealPath(FileLocation.Parse(deviceConfig).Root), sr.ToString())
            ? file.Uuid
            : null;

    /// <summary>Lists the SRs in a place.</summary>
    internal static Task<IReadOnlyList<ProbedSr>> ProbeAsync(FileLocation location, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<ProbedSr>>(location.Root, () =>
        {
            location.RequireExists();
            var found = new List<ProbedSr>();
            foreach (var path in Directory.EnumerateFileSystemEntries(location.Root))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (SrUuid.TryParse(Path.GetFileName(path), out var uuid))
                    found.Add(SrProbe.Look(uuid, path, location.BackingDirectory, cancellationToken));
            }

            return [.. found.OrderBy(sr => sr.Uuid.ToString(), StringComparer.Ordinal)];
        }, cancellationToken);

    /// <summary>Makes an SR in a place.</summary>
    internal static Task CreateAsync(SrUuid uuid, FileLocation location, CancellationToken cancellationToken) =>
        RunAsync(location.Root, () =>
        {
            location.RequireWritable(SrFailure.SrCreate);
            RequireFree(location.DirectoryOf(uuid));
            DurableFile.CreateSharedDirectory(location.DirectoryOf(uuid));
            return true;
        }, cancellationToken);

    /// <summary>Opens an SR in a place, which is held as long as the SR is attached.</summary>
    internal Task<ISr> AttachAsync(
        SrUuid uuid, FileLocation location, SrAccess access, IAsyncDisposable? held, CancellationToken cancellationToken,
        ImageFolder? folder = null) =>
        RunAsync<ISr>(location.Root, () =>
        {
            location.RequireExists();
            var directory = new SrDirectory(uuid, location.DirectoryOf(uuid), location.BackingDirectory, folder);
            directory.RequireMounted();
            if (access == SrAccess.ReadWrite)
            {
                directory.RequireOurs();
                FileLocation.RequireWritable(directory.FullPath, SrFailure.SrUnavailable);
                WorkArea.Sweep(directory.FullPath);
                directory.CloseToOthers();
            }

            return new FileSr(new(uuid, access), location, directory, images, scratchDirectory, held);
        }, cancellationToken);

    /// <summary>Removes an empty SR from a place.</summary>
    internal static Task DestroyAsync(SrUuid uuid, FileLocation location, CancellationToken cancellationToken) =>
        RunAsync(location.Root, () =>
        {
            location.RequireExists();
            var path = location.DirectoryOf(uuid);
            WorkArea.Sweep(location.Root);
            if (Posix.TryGetStatus(path) is null)
                return true;
            location.RequireWritable(SrFailure.SrDelete);
            new SrDirectory(uuid, path, location.BackingDirectory).RequireExists();
            WorkArea.Sweep(path);
            if (Directory.EnumerateFileSystemEntries(path).FirstOrDefault() is { } left)
                throw SrFailure.Backend(
                    SrFailure.SrNotEmpty, $"SR {uuid} still holds {left}: destroy its VDIs, and move other files away, first.");
            DurableFile.RemoveDirectory(path);
            return true;
        }, cancellationToken);

    internal static void RequireFree(string directory)
    {
        if (Posix.TryGetStatus(directory) is not { } status)
            return;
        if (!status.IsDirectory || Directory.EnumerateFileSystemEntries(directory).Any())
            throw SrFailure.Backend(
                SrFailure.SrExists, $"{directory} exists already and is not an empty directory: attach the SR, or choose another UUID.");
    }

    /// <summary>Reads the device config, and follows its links if storage may lie where they lead.</summary>
    internal Task<FileLocation> LocationAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var written = FileLocation.Parse(deviceConfig);
        return RunAsync(written.Root, () => written.Resolve(roots), cancellationToken);
    }

    // Directory calls have no asynchronous form and can hang on a dead mount, so they must not hold the caller's thread.
    internal static Task<T> RunAsync<T>(string path, Func<T> operation, CancellationToken cancellationToken)
        => FileFailure.TranslateAsync(path, () => OwnThread.RunAsync(operation, cancellationToken));
}
