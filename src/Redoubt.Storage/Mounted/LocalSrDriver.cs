using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;

namespace Redoubt.Storage.Mounted;

/// <summary>SRs on a file system of a block device of this host: a disk, a partition, a logical volume, a LUN.</summary>
/// <remarks>
/// A device that holds anything, even what nobody knows in its first mebibyte, is never formatted. Looking at one replays no journal.
/// </remarks>
public sealed class LocalSrDriver : MountedSrDriver
{
    private const string DeviceKey = "device";
    private const int Nothing = 2;

    // What a file system, a partition table or a volume group begins with lies in here, and what else begins with something does too.
    private const int LookedAtBytes = 1 << 20;

    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(14);
    private static readonly TimeSpan FormatLimit = TimeSpan.FromMinutes(10);

    private readonly FileSystemKind _kind;
    private readonly HostRoots? _roots;
    private readonly ChildProcess _format;
    private readonly ChildProcess _probe;

    internal LocalSrDriver(FileSystemKind kind, FileSrDriver files, HostMounts mounts, HostRoots? roots, TimeProvider time)
        : base(files, mounts)
    {
        (_kind, _roots) = (kind, roots);
        _format = new ChildProcess(time, kind.Formatter, kind.Package);
        _probe = new ChildProcess(time, "blkid", "util-linux");
    }

    /// <inheritdoc/>
    public override string Type => _kind.SrType;

    /// <inheritdoc/>
    public override string Description => $"Disks as qcow2 or raw files on a block device of this host, with {_kind.Name} on it.";

    /// <inheritdoc/>
    public override IReadOnlyList<string> RequiredDeviceConfig { get; } = [DeviceKey];

    private protected override async Task<FileSystemMount> FindAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = await DeviceAsync(deviceConfig, cancellationToken);
        var content = await ContentAsync(device, cancellationToken);
        return content == _kind.MountType
            ? Mount(device, deviceConfig)
            : throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"{device} holds {content ?? "nothing"} and no {_kind.Name}: check that it is the right device, and its type.");
    }

    private protected override async Task<FileSystemMount?> FindForProbeAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(deviceConfig.GetValueOrDefault(DeviceKey)))
        {
            throw SrFailure.Choices(
                SrFailure.ConfigDeviceMissing,
                "device-config:device is missing: set it to the path of one of this host's block devices.",
                await OwnThread.RunAsync(() => BlockDevices.List(d => _roots?.FindDeviceProblem(d) is null), cancellationToken));
        }

        var device = await DeviceAsync(deviceConfig, cancellationToken);
        return await ContentAsync(device, cancellationToken) == _kind.MountType ? Mount(device, deviceConfig) : null;
    }

    private protected override async Task<FileSystemMount> PrepareAsync(
        IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var device = await DeviceAsync(deviceConfig, cancellationToken);
        var content = await ContentAsync(device, cancellationToken);
        if (content is null)
        {
            await _format.RunAsync([.. _kind.FormatArguments, device], FormatLimit, cancellationToken);
        }
        else if (content != _kind.MountType)
        {
            throw SrFailure.Backend(
                SrFailure.SrExists,
                $"{device} holds {content} and was left as it is: name another device, or, if nothing on it is needed, empty it "
                + $"(wipefs -a {device}; blkdiscard -z {device}), then repeat.");
        }

        return Mount(device, deviceConfig);
    }

    // Called by the name that was given, which may stay the same when the kernel's own changes with the next boot: clones build on files in
    // it.
    private FileSystemMount Mount(string device, IReadOnlyDictionary<string, string> deviceConfig) => new()
    {
        Key = $"{_kind.SrType}-{KeyOf(Path.GetFullPath(deviceConfig[DeviceKey]))}",
        Source = device,
        Type = _kind.MountType,
        // Through a device that can only be read: a journal that is to be replayed can't be, and what is not seen without is no state to
        // show.
        LookingOptions = $"ro,loop{_kind.MoreOptions}",
        WorkingOptions = $"rw,noatime{_kind.MoreOptions}",
        Advice = "if it is a copy that was made while the file system was in use, have its journal replayed first: mount it, or a snapshot "
            + "of it, and unmount it. Else check the file system (fsck), and that nobody else uses it.",
    };

    /// <summary>The device by the name that no link leads from.</summary>
    private Task<string> DeviceAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var written = deviceConfig.GetValueOrDefault(DeviceKey);
        if (string.IsNullOrEmpty(written))
            throw SrFailure.Backend(
                SrFailure.ConfigDeviceMissing, "device-config:device is missing: set it to the path of a block device.");
        if (HostRoots.LeadsNowhere(written))
            throw SrFailure.Backend(
                SrFailure.ConfigDeviceInvalid, $"device-config:device is '{written}': give the absolute path of a block device.");
        return OwnThread.RunAsync(
            () =>
            {
                if (_roots?.FindDeviceProblem(written) is { } problem)
                    throw SrFailure.Backend(SrFailure.ConfigDeviceInvalid, $"device-config:device can't be used: {problem}.");
                if (!Path.Exists(written))
                    throw SrFailure.Backend(
                        SrFailure.SrUnavailable, $"The device {written} is not there: check that it is connected (lsblk).");
                return Posix.GetStatusBehindLinks(written).IsBlockDevice
                    ? Posix.RealPath(written)
                    : throw SrFailure.Backend(SrFailure.ConfigDeviceInvalid, $"{written} is no block device: name one (lsblk lists them).");
            },
            cancellationToken);
    }

    /// <summary>What a device holds, in blkid's word for it; null: nothing but zeros, at its beginning.</summary>
    private async Task<string?> ContentAsync(string device, CancellationToken cancellationToken)
    {
        if (await _probe.TryRunAsync(["-p", "-o", "export", "--", device], LookLimit, cancellationToken) is not { } run)
            throw SrFailure.Backend(
                SrFailure.SrUnavailable, $"The device {device} does not answer: check its cable, its path and the kernel's log.");
        if (run.ExitCode == Nothing)
            return await OwnThread.RunAsync(() => IsZero(device), cancellationToken) ? null : "something that is not known";
        var facts = run.Output.Split('\n').Select(l => l.Split('=', 2)).Where(l => l.Length == 2).ToDictionary(l => l[0], l => l[1].Trim());
        return run.ExitCode == 0
            ? facts.GetValueOrDefault("TYPE")
                ?? (facts.TryGetValue("PTTYPE", out var table) ? $"a partition table ({table})" : "something that is not known")
            : throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"What is on {device} can't be told: empty it if it is not needed (wipefs), or name another. ({run.Errors.Trim()})");
    }

    private static bool IsZero(string device)
    {
        try
        {
            using var handle = Posix.OpenBehindLinks(device);
            var bytes = new byte[LookedAtBytes];
            return !bytes.AsSpan(0, RandomAccess.Read(handle, bytes, 0)).ContainsAnyExcept((byte)0);
        }
        catch (IOException e)
        {
            throw SrFailure.Backend(
                SrFailure.SrUnavailable, $"The device {device} can't be read: check it, and the kernel's log. ({e.Message})", e);
        }
    }
}
