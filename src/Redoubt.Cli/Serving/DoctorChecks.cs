using System.Diagnostics;
using System.Globalization;
using Redoubt.Agreement;
using Redoubt.Compute;
using Redoubt.Server;
using Redoubt.Server.Membership;
using Redoubt.Storage;

namespace Redoubt.Cli.Serving;

/// <summary>What a machine must have for a pool. Each check looks and leaves nothing behind.</summary>
internal static class DoctorChecks
{
    private const int FlushCount = 15;
    private const long LeastFreeBytes = 1L << 30;
    private const long FewFreeBytes = 10L << 30;
    private static readonly TimeSpan SlowFlush = TimeSpan.FromMilliseconds(20);

    /// <summary>The hypervisor: libvirt, QEMU, KVM, and how little its guests may do.</summary>
    /// <param name="uri">Its URI; null for one of a daemon's own, which is tried in a directory that goes again.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<IReadOnlyList<DoctorFinding>> HypervisorAsync(string? uri, CancellationToken cancellationToken)
    {
        const string Subject = "hypervisor";
        var root = uri is null ? Directory.CreateTempSubdirectory("rd-") : null;
        try
        {
            await using var hypervisor = await Hypervisor.OpenAsync(
                new HypervisorOptions { Uri = uri ?? HypervisorOptions.EmbeddedUri(root!.FullName) }, cancellationToken);
            var facts = hypervisor.Facts;
            return
            [
                new(
                    DoctorStanding.Good, Subject,
                    $"{facts.Driver} {facts.HypervisorVersion}, libvirt {facts.LibvirtVersion}, {facts.CpuCount} processors, "
                    + $"{facts.MemoryTotalBytes >> 20} MiB of memory."),
                .. facts.Warnings.Select(w => new DoctorFinding(DoctorStanding.Warning, Subject, w)),
                .. facts.Unconfined is { } rights ? [new(DoctorStanding.Warning, Subject, rights)] : Array.Empty<DoctorFinding>(),
            ];
        }
        catch (HypervisorException refused)
        {
            return [new(DoctorStanding.Bad, Subject, refused.Message)];
        }
        finally
        {
            root?.Delete(recursive: true);
        }
    }

    /// <summary>The clock: a run's journal, points in time and certificates depend on it.</summary>
    public static DoctorFinding Clock() => HostClock.IsSynchronised()
        ? new(DoctorStanding.Good, "clock", "Something keeps it right.")
        : new(
            DoctorStanding.Warning, "clock",
            "The kernel knows of nothing that keeps it right, so the sites' clocks may part. Install chrony or systemd-timesyncd.");

    /// <summary>A URL to listen on.</summary>
    public static DoctorFinding Port(string url) => ServeConfig.FindListenProblem(url) is { } wrong
        ? new(DoctorStanding.Bad, url, wrong)
        : ServeConfig.FindPortProblem(url) is { } taken
            ? new(DoctorStanding.Bad, url, $"{taken} If the daemon of this machine runs now, it is that.")
            : new(DoctorStanding.Good, url, "Can be listened on.");

    /// <summary>The daemon's own directory, on which every change waits.</summary>
    public static IEnumerable<DoctorFinding> Data(string path)
    {
        var there = Nearest(path);
        var own = there == Path.GetFullPath(path) ? FindOwnProblem(there) : null;
        if ((own ?? FindWriteProblem(there)) is { } problem)
        {
            yield return new(DoctorStanding.Bad, path, problem);
            yield break;
        }

        yield return Space(path, there);
        var flush = MeasureFlush(there);
        var text = string.Create(CultureInfo.InvariantCulture, $"A small durable write takes {flush.TotalMilliseconds:0.0} ms.");
        yield return flush > SlowFlush
            ? new(DoctorStanding.Warning, path, $"{text} Every change waits for one: a faster disk here makes all of them faster.")
            : new(DoctorStanding.Good, path, text);
    }

    /// <summary>A place of storage.</summary>
    public static DoctorFinding Storage(string path) => HostRoots.IsShare(path) || File.Exists(path)
        ? new(DoctorStanding.NotChecked, path, "What is mounted from it is looked at when an SR there is probed or attached (sr-probe).")
        : !Directory.Exists(path)
        ? new(DoctorStanding.Bad, path, "It is not there. Mount the storage, or take the line (sr-root) away.")
        : FindWriteProblem(path) is { } problem ? new(DoctorStanding.Warning, path, $"{problem} It can be recovered from, and no more.")
        : Space(path, path);

    /// <summary>By what the hosts of one pool agree.</summary>
    /// <param name="dataDirectory">The daemon's directory.</param>
    /// <param name="port">The port by which they do.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<DoctorFinding> AgreementAsync(string dataDirectory, int port, CancellationToken cancellationToken)
    {
        const string Subject = "etcd";
        var isOneOfSeveral = Seat.IsOneOfSeveral(dataDirectory);
        return await EtcdProgram.FindVersionAsync(TimeProvider.System, cancellationToken) is not { } version
            ? isOneOfSeveral
                ? new(DoctorStanding.Bad, Subject, "It is not there, and this host is one of several. Install Debian's etcd-server.")
                : new(DoctorStanding.NotChecked, Subject, "It is not there. A pool of one host needs none; several need etcd-server.")
            : !isOneOfSeveral && port is not 0 && ServeConfig.FindPortProblem($"https://0.0.0.0:{port}") is not null
            ? new(
                DoctorStanding.Warning, Subject,
                $"{version}. Port {port} is taken, so no other host could join this pool. If it is the service of Debian's etcd-server, "
                + "which is not needed: systemctl disable --now etcd.")
            : new(DoctorStanding.Good, Subject, $"{version}. {(isOneOfSeveral ? "" : "A pool of one host does not start it.")}".Trim());
    }

    private static DoctorFinding Space(string shown, string there)
    {
        var free = new DriveInfo(there).AvailableFreeSpace;
        var text = $"{free >> 20} MiB are free.";
        return free < LeastFreeBytes ? new(DoctorStanding.Bad, shown, $"{text} Make room: a full disk stops the pool.")
            : free < FewFreeBytes ? new(DoctorStanding.Warning, shown, $"{text} Consoles of guests and transfers need room for a while.")
            : new(DoctorStanding.Good, shown, text);
    }

    private static string Nearest(string path)
    {
        var there = Path.GetFullPath(path);
        while (!Directory.Exists(there))
        {
            there = Path.GetDirectoryName(there)!;
        }

        return there;
    }

    private static string? FindOwnProblem(string directory)
    {
        try
        {
            DataDirectory.RequireOwn(directory);
            return null;
        }
        catch (IOException refused)
        {
            return refused.Message;
        }
    }

    private static string? FindWriteProblem(string directory)
    {
        try
        {
            using (Trial(directory))
            {
                return null;
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return $"This user can't write to {directory} ({refused.Message.TrimEnd('.')}). Give it to the user that the daemon runs as.";
        }
    }

    private static FileStream Trial(string directory) => new(
        Path.Combine(directory, $".redoubt-doctor-{Guid.NewGuid():N}"),
        FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);

    private static TimeSpan MeasureFlush(string directory)
    {
        using var file = Trial(directory);
        var (block, times) = (new byte[4096], new List<TimeSpan>());
        for (var i = 0; i < FlushCount; i++)
        {
            var began = Stopwatch.GetTimestamp();
            file.Write(block);
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(began));
        }

        return times.Order().ElementAt(FlushCount / 2);
    }
}
