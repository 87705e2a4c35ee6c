using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.IsoDriver;

/// <summary>
/// A folder of images of CDs, on this host or on an NFS server, from which guests are installed. Nothing in it is ever written.
/// </summary>
public sealed class IsoSrDriver : ISrDriver
{
    private readonly HostMounts _mounts;
    private readonly HostRoots? _roots;

    internal IsoSrDriver(HostMounts mounts, HostRoots? roots) => (_mounts, _roots) = (mounts, roots);

    /// <inheritdoc/>
    public string Type => "iso";

    /// <inheritdoc/>
    public string Description => "Images of CDs (*.iso, *.img) in a directory of this host, or on an NFS server; read only.";

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig { get; } = [FileLocation.LocationKey];

    /// <inheritdoc/>
    public SrFeatures Features { get; } = new() { AttachesVdis = true };

    /// <summary>Lists nothing: a folder of images has no UUID of its own. That it is there is checked.</summary>
    public async Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        await using var folder = await OpenAsync(deviceConfig, cancellationToken);
        return [];
    }

    /// <inheritdoc/>
    public async Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        await using var folder = await OpenAsync(deviceConfig, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken) =>
        new IsoSr(new(uuid, access), await OpenAsync(deviceConfig, cancellationToken));

    /// <summary>Does nothing: the images are not the pool's to remove.</summary>
    public Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        RequireLocation(deviceConfig);
        return Task.CompletedTask;
    }

    private async Task<VdiDevice> OpenAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var location = RequireLocation(deviceConfig);
        var folder = HostRoots.IsShare(location)
            ? await _mounts.HoldAsync(ShareOf(location, deviceConfig), SrAccess.ReadOnly, cancellationToken) : null;
        try
        {
            return await FileFailure.TranslateAsync(location, () => OwnThread.RunAsync(
                () =>
                {
                    var place = folder is null ? FileLocation.Parse(deviceConfig).Resolve(_roots) : new FileLocation(folder.Path, null);
                    place.RequireExists();
                    return folder ?? new VdiDevice(place.Root);
                },
                cancellationToken));
        }
        catch
        {
            await (folder?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw;
        }
    }

    private static string RequireLocation(IReadOnlyDictionary<string, string> deviceConfig) =>
        deviceConfig.GetValueOrDefault(FileLocation.LocationKey) is { Length: > 0 } location
            ? location
            : throw SrFailure.Backend(
                SrFailure.ConfigLocationMissing,
                "device-config:location is missing: set it to the absolute path of a directory, or to server:/path.");

    private FileSystemMount ShareOf(string location, IReadOnlyDictionary<string, string> deviceConfig)
    {
        var colon = location.IndexOf(":/", StringComparison.Ordinal);
        var share = new Dictionary<string, string>(deviceConfig)
        {
            [NfsSrDriver.ServerKey] = location[..colon],
            [NfsSrDriver.PathKey] = location[(colon + 1)..],
        };
        return NfsSrDriver.Parse(share, _roots);
    }
}
