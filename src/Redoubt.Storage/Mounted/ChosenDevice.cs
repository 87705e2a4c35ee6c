using Redoubt.Storage.Images;

namespace Redoubt.Storage.Mounted;

/// <summary>The block device that a device config names, and what is on it. Looking changes nothing.</summary>
/// <param name="roots">Where storage may lie; null: anywhere.</param>
/// <param name="time">The clock of the limits.</param>
internal sealed class ChosenDevice(HostRoots? roots, TimeProvider time)
{
    /// <summary>The key of a device config.</summary>
    public const string Key = "device";

    private const int Nothing = 2;

    // What a file system, a partition table or a volume group begins with lies in here, and what else begins with something does too.
    private const int LookedAtBytes = 1 << 20;

    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(14);

    private readonly ChildProcess _probe = new(time, "blkid", "util-linux");

    /// <summary>The device by the name that no link leads from.</summary>
    /// <exception cref="XenApi.XenApiException">It is none, is not there, or storage may not lie on it.</exception>
    public Task<string> FindAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var written = deviceConfig.GetValueOrDefault(Key);
        if (string.IsNullOrEmpty(written))
            throw SrFailure.Backend(
                SrFailure.ConfigDeviceMissing, "device-config:device is missing: set it to the path of a block device.");
        if (HostRoots.LeadsNowhere(written))
            throw SrFailure.Backend(
                SrFailure.ConfigDeviceInvalid, $"device-config:device is '{written}': give the absolute path of a block device.");
        return OwnThread.RunAsync(
            () =>
            {
                if (roots?.FindDeviceProblem(written) is { } problem)
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

    /// <summary>The same for looking what is there: where none is named, the refusal lists those that could be.</summary>
    public async Task<string> FindForProbeAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(deviceConfig.GetValueOrDefault(Key)))
        {
            throw SrFailure.Choices(
                SrFailure.ConfigDeviceMissing,
                "device-config:device is missing: set it to the path of one of this host's block devices.",
                await OwnThread.RunAsync(() => BlockDevices.List(d => roots?.FindDeviceProblem(d) is null), cancellationToken));
        }

        return await FindAsync(deviceConfig, cancellationToken);
    }

    /// <summary>What a device holds, in blkid's word for it; null: nothing but zeros, at its beginning.</summary>
    public async Task<string?> ContentAsync(string device, CancellationToken cancellationToken)
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

    /// <summary>The failure of a device that is to be made an SR and holds something.</summary>
    public static XenApi.XenApiException Holds(string device, string content) => SrFailure.Backend(
        SrFailure.SrExists,
        $"{device} holds {content} and was left as it is: name another device, or, if nothing on it is needed, empty it "
            + $"(wipefs -a {device}; blkdiscard -z {device}), then repeat.");

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
