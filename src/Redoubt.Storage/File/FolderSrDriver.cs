namespace Redoubt.Storage.FileDriver;

/// <summary>
/// SRs of folders that are there already: each image in <c>device-config:location</c> is a disk where it lies and as it is called. What
/// Redoubt itself makes, disks and metadata, lies in a subdirectory that is named by the SR's UUID, as one of a <c>file</c> SR.
/// </summary>
/// <remarks>Images that were there are never renamed, moved or deleted. The layout is described in
/// <c>docs/formats/file-sr.md</c>.</remarks>
/// <param name="files">Does all that is the same.</param>
public sealed class FolderSrDriver(FileSrDriver files) : ISrDriver
{
    /// <summary>The type.</summary>
    public const string FolderType = "folder";

    /// <inheritdoc/>
    public string Type => FolderType;

    /// <inheritdoc/>
    public string Description => "The images that lie in a directory already, as disks under the names that they have.";

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig => files.RequiredDeviceConfig;

    /// <inheritdoc/>
    public SrFeatures Features => files.Features;

    /// <summary>
    /// The disk that the image of a path is in the SR of a folder; <see langword="null"/>: it does not lie in that folder.
    /// </summary>
    /// <param name="sr">The SR.</param>
    /// <param name="deviceConfig">Its device config.</param>
    /// <param name="image">The path, by the names that no link leads from.</param>
    public static VdiUuid? DiskOf(SrUuid sr, IReadOnlyDictionary<string, string> deviceConfig, string image) =>
        deviceConfig.GetValueOrDefault(FileLocation.LocationKey) is { Length: > 0 } location && !HostRoots.LeadsNowhere(location)
            && Path.GetDirectoryName(image) == Posix.RealPath(Path.TrimEndingDirectorySeparator(Path.GetFullPath(location)))
            && ImageFolder.MayBeName(Path.GetFileName(image))
            ? ImageFolder.UuidOf(sr, Path.GetFileName(image))
            : null;

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        files.ProbeAsync(deviceConfig, cancellationToken);

    /// <inheritdoc/>
    public async Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var location = await files.LocationAsync(deviceConfig, cancellationToken);
        await RequireOnlyAsync(uuid, location, SrFailure.SrExists, cancellationToken);
        await FileSrDriver.CreateAsync(uuid, location, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        var location = await files.LocationAsync(deviceConfig, cancellationToken);
        await RequireOnlyAsync(uuid, location, SrFailure.SrUnavailable, cancellationToken);
        return await files.AttachAsync(uuid, location, access, held: null, cancellationToken, new ImageFolder(uuid, location.Root));
    }

    /// <inheritdoc/>
    public Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken) =>
        files.DestroyAsync(uuid, deviceConfig, cancellationToken);

    // Two SRs in one folder would both have its images, and two VMs the same disk under two UUIDs.
    private static Task<bool> RequireOnlyAsync(SrUuid uuid, FileLocation location, int failure, CancellationToken cancellationToken) =>
        FileSrDriver.RunAsync(location.Root, () =>
        {
            location.RequireExists();
            var other = Directory.EnumerateDirectories(location.Root)
                .FirstOrDefault(d => SrUuid.TryParse(Path.GetFileName(d), out var found) && found != uuid);
            return other is null ? true : throw SrFailure.Backend(
                failure, $"{location.Root} holds another SR ({other}), and the images of a folder are the disks of one: choose another "
                    + "folder, or move that SR away.");
        }, cancellationToken);
}
