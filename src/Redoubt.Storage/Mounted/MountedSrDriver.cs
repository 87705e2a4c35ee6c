using System.Security.Cryptography;
using System.Text;
using Redoubt.Storage.FileDriver;

namespace Redoubt.Storage.Mounted;

/// <summary>
/// SRs on a file system that this mounts by itself: in it they are as those of the file driver are in a directory, and are carried by that.
/// </summary>
public abstract class MountedSrDriver : ISrDriver
{
    private readonly FileSrDriver _files;
    private readonly HostMounts _mounts;

    private protected MountedSrDriver(FileSrDriver files, HostMounts mounts) => (_files, _mounts) = (files, mounts);

    /// <inheritdoc/>
    public abstract string Type { get; }

    /// <inheritdoc/>
    public abstract string Description { get; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<string> RequiredDeviceConfig { get; }

    /// <inheritdoc/>
    public SrFeatures Features => _files.Features;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ProbedSr>> ProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        if (await FindForProbeAsync(deviceConfig, cancellationToken) is not { } found)
            return [];
        await using var mounted = await _mounts.HoldAsync(found, SrAccess.ReadOnly, cancellationToken);
        return await FileSrDriver.ProbeAsync(LocationOf(mounted), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var found = await PrepareAsync(deviceConfig, cancellationToken);
        await using var mounted = await _mounts.HoldAsync(found, SrAccess.ReadWrite, cancellationToken);
        await FileSrDriver.CreateAsync(uuid, LocationOf(mounted), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        var found = await FindAsync(deviceConfig, cancellationToken);
        var mounted = await _mounts.HoldAsync(found, access, cancellationToken);
        try
        {
            return await _files.AttachAsync(uuid, LocationOf(mounted), access, mounted, cancellationToken);
        }
        catch
        {
            await mounted.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var found = await FindAsync(deviceConfig, cancellationToken);
        await using var mounted = await _mounts.HoldAsync(found, SrAccess.ReadWrite, cancellationToken);
        await FileSrDriver.DestroyAsync(uuid, LocationOf(mounted), cancellationToken);
    }

    /// <summary>The file system that a device config leads to, which must be there.</summary>
    private protected abstract Task<FileSystemMount> FindAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>The same for looking what is there; null if nothing is that SRs could lie on.</summary>
    private protected abstract Task<FileSystemMount?> FindForProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>The same for making an SR; what is not there yet is made.</summary>
    private protected abstract Task<FileSystemMount> PrepareAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken);

    /// <summary>What a mount is called after what is mounted; see <see cref="FileSystemMount.Key"/>.</summary>
    internal static string KeyOf(string source) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(source)))[..16];

    private static FileLocation LocationOf(VdiDevice mounted) => new(mounted.Path, null);
}
