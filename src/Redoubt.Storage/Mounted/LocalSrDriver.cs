using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;

namespace Redoubt.Storage.Mounted;

/// <summary>SRs on a file system of a block device of this host: a disk, a partition, a logical volume, a LUN.</summary>
/// <remarks>
/// A device that holds anything, even what nobody knows in its first mebibyte, is never formatted. Looking at one replays no journal.
/// </remarks>
public sealed class LocalSrDriver : MountedSrDriver
{
    private static readonly TimeSpan FormatLimit = TimeSpan.FromMinutes(10);

    private readonly FileSystemKind _kind;
    private readonly ChosenDevice _device;
    private readonly ChildProcess _format;

    internal LocalSrDriver(FileSystemKind kind, FileSrDriver files, HostMounts mounts, HostRoots? roots, TimeProvider time)
        : base(files, mounts)
    {
        (_kind, _device) = (kind, new ChosenDevice(roots, time));
        _format = new ChildProcess(time, kind.Formatter, kind.Package);
    }

    /// <inheritdoc/>
    public override string Type => _kind.SrType;

    /// <inheritdoc/>
    public override string Description => $"Disks as qcow2 or raw files on a block device of this host, with {_kind.Name} on it.";

    /// <inheritdoc/>
    public override IReadOnlyList<string> RequiredDeviceConfig { get; } = [ChosenDevice.Key];

    private protected override async Task<FileSystemMount> FindAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = await _device.FindAsync(deviceConfig, cancellationToken);
        var content = await _device.ContentAsync(device, cancellationToken);
        return content == _kind.MountType
            ? Mount(device, deviceConfig)
            : throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"{device} holds {content ?? "nothing"} and no {_kind.Name}: check that it is the right device, and its type.");
    }

    private protected override async Task<FileSystemMount?> FindForProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = await _device.FindForProbeAsync(deviceConfig, cancellationToken);
        return await _device.ContentAsync(device, cancellationToken) == _kind.MountType ? Mount(device, deviceConfig) : null;
    }

    private protected override async Task<FileSystemMount> PrepareAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = await _device.FindAsync(deviceConfig, cancellationToken);
        var content = await _device.ContentAsync(device, cancellationToken);
        if (content is null)
        {
            await _format.RunAsync([.. _kind.FormatArguments, device], FormatLimit, cancellationToken);
        }
        else if (content != _kind.MountType)
        {
            throw ChosenDevice.Holds(device, content);
        }

        return Mount(device, deviceConfig);
    }

    // Called by the name that was given, which may stay the same when the kernel's own changes with the next boot: clones build on files in
    // it.
    private FileSystemMount Mount(string device, IReadOnlyDictionary<string, string> deviceConfig) => new()
    {
        Key = $"{_kind.SrType}-{KeyOf(Path.GetFullPath(deviceConfig[ChosenDevice.Key]))}",
        Source = device,
        Type = _kind.MountType,
        // Through a device that can only be read: a journal that is to be replayed can't be, and what is not seen without is no state to
        // show.
        LookingOptions = $"ro,loop{_kind.MoreOptions}",
        WorkingOptions = $"rw,noatime{_kind.MoreOptions}",
        Advice = "if it is a copy that was made while the file system was in use, have its journal replayed first: mount it, or a snapshot "
            + "of it, and unmount it. Else check the file system (fsck), and that nobody else uses it.",
    };
}
