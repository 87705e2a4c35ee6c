using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>Opens a hypervisor and finds out what it is.</summary>
internal static class HypervisorOpener
{
    private const string DefaultEmulator = "/usr/bin/qemu-system-x86_64";
    private static readonly Lock Gate = new();

    /// <summary>The one root that libvirt's embedded driver of this process was started on; it can't be stopped again.</summary>
    private static string? _embeddedRoot;

    /// <summary>
    /// Whether this process has started libvirt's embedded driver on a root. It goes on when its connections are closed, so that another
    /// process finds the root taken, and this one can only connect to it again.
    /// </summary>
    internal static bool HasStarted(string root)
    {
        lock (Gate)
            return _embeddedRoot == root;
    }

    /// <summary>Connects, and says which guests run there that libvirt has no record of.</summary>
    internal static Task<(LibvirtConnection Connection, IReadOnlyList<GuestProcess> Strays)> ConnectAsync(
        HypervisorUri uri, string? emulatorPath, LibvirtWorker worker, CancellationToken cancellationToken) => worker.RunAsync(
        () =>
        {
            StartChecks.Emulator(emulatorPath);
            LibvirtRuntime.RequireLibrary(Native.Library);
            IReadOnlyList<GuestProcess> strays = uri.Root is { } root ? Prepare(uri, root) : [];
            LibvirtRuntime.Start(uri.Root is null ? null : Path.Combine(uri.Root, "log", "libvirt.log"));
            return (Open(uri), strays);
        },
        Timeout.InfiniteTimeSpan,
        cancellationToken);

    /// <summary>
    /// The emulator to name in a domain's description; <see langword="null"/> leaves it to a libvirt that knows its host better.
    /// </summary>
    internal static string? EmulatorFor(HypervisorUri uri, HypervisorOptions options) => uri.Kind switch
    {
        HypervisorKind.Embedded or HypervisorKind.Local => options.EmulatorPath ?? DefaultEmulator,
        HypervisorKind.Remote => options.EmulatorPath,
        HypervisorKind.Test => null,
    };

    internal static HypervisorFacts Facts(HypervisorUri uri, LibvirtConnection connection, string? emulatorPath, KvmAnswer kvm)
    {
        var node = connection.NodeInfo();
        var seesThisHost = uri.Kind is HypervisorKind.Embedded or HypervisorKind.Local;
        List<string> warnings = [];
        if (uri.Kind != HypervisorKind.Test && !kvm.Works)
            warnings.Add($"KVM is not used, so guests run ten to fifty times slower: {kvm.Reason}.");
        var version = connection.HypervisorVersion();
        var saysWho = uri.Root is { } root && EmbeddedRoot.HasOwnSettings(root);
        var account = saysWho ? GuestAccount.Find() : null;
        var unconfined = saysWho && account is null && Native.GetEffectiveUserId() == 0
            ? "Guests run as root, so that one that breaks out of QEMU has this host: use libvirt 8.2 or later, or a "
                + "daemon that is not root."
            : null;
        if (unconfined is not null)
            warnings.Add(unconfined);
        return new HypervisorFacts
        {
            Uri = uri.Text,
            HostName = connection.HostName(),
            BootId = seesThisHost ? MachineBoot.Id() : null,
            Driver = connection.DriverName(),
            HypervisorVersion = version,
            LibvirtVersion = LibvirtConnection.LibraryVersion(),
            CpuCount = (int)node.Cpus,
            CpuModel = (seesThisHost ? CpuModel(File.ReadLines("/proc/cpuinfo")) : null) ?? Text(node.Model),
            // libvirt counts only what the firmware put into NUMA nodes: on a machine with hot-added memory that may be a fraction.
            MemoryTotalBytes = seesThisHost ? HostMemory.Parse(File.ReadAllText("/proc/meminfo")).TotalBytes : (long)node.MemoryKiB * 1024,
            Platform = new DomainPlatform
            {
                Accelerator = uri.Kind == HypervisorKind.Test ? Accelerator.Test : kvm.Works ? Accelerator.Kvm : Accelerator.Tcg,
                EmulatorPath = emulatorPath,
                Account = account,
                QemuVersion = version,
            },
            Unconfined = unconfined,
            Warnings = warnings,
        };
    }

    internal static async Task<KvmAnswer> AskForKvmAsync(
        HypervisorUri uri, string? emulatorPath, TimeProvider time, CancellationToken cancellationToken)
    {
        if (uri.Kind is not (HypervisorKind.Embedded or HypervisorKind.Local) || emulatorPath is null)
            return new KvmAnswer(false, "a probe guest can be run only on the host that Redoubt runs on");
        var cache = uri.Root is null ? null : Path.Combine(uri.Root, "cache", "redoubt-kvm.json");
        return await new KvmProbe(emulatorPath, time).AskAsync(cache, cancellationToken);
    }

    internal static string? CpuModel(IEnumerable<string> cpuinfo) => cpuinfo
        .Where(line => line.StartsWith("model name", StringComparison.Ordinal))
        .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())
        .FirstOrDefault();

    private static IReadOnlyList<GuestProcess> Prepare(HypervisorUri uri, string root)
    {
        lock (Gate)
        {
            if (_embeddedRoot is { } first && first != root)
                throw new HypervisorException(
                    HypervisorFailure.SecondRoot,
                    uri.Text,
                    $"This process runs the embedded hypervisor on {first} already, and libvirt allows one root per process.",
                    "Run the other site as a process of its own.");

            EmbeddedRoot.Prepare(root);
            if (_embeddedRoot is not null)
                return []; // libvirt runs there, in this process, and what half started guests there are now are being started.
        }

        EmbeddedRoot.RequireUnused(uri, root);
        return EmbeddedRoot.Clear(root);
    }

    private static LibvirtConnection Open(HypervisorUri uri)
    {
        LibvirtConnection connection;
        try
        {
            connection = LibvirtConnection.Open(uri.ForClient);
        }
        catch (LibvirtException refused)
        {
            throw OpenFailure.Explain(uri, refused);
        }

        if (uri.Root is { } root)
        {
            lock (Gate)
                _embeddedRoot = root;
        }

        return connection;
    }

    private static string Text(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)0);
        return System.Text.Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }
}
