using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Redoubt.Compute.Libvirt;

namespace Redoubt.Compute;

/// <summary>
/// One host that runs guests: libvirt behind an asynchronous face.
/// </summary>
/// <remarks>
/// <para>
/// A guest belongs to the host, not to this object or this process: closing the hypervisor, ending the process and killing it leave every
/// guest running, and the next process that opens the same URI finds them in their true state. Domains are transient: when a guest stops
/// nothing of it stays behind but its console log, and what is known of the VM is the pool's.
/// </para>
/// <para>
/// <c>qemu:///embed?root=DIR</c> runs libvirt's QEMU driver within this process. libvirt allows one root per process, for the whole life of
/// the process, and one process per root; both are refused with a reason. Under systemd the service needs <c>KillMode=process</c>, or
/// systemd kills the guests with it. Opening a fresh root takes about six seconds, while libvirt asks QEMU what it can do and the KVM probe
/// runs; later it is a fraction of one. No root rights are needed; with them, libvirt insists on an account <c>libvirt-qemu</c>, which
/// QEMU becomes before its guest runs: see <see cref="GuestAccount"/>.
/// </para>
/// <para>
/// All members may be called at once from any thread. Cancelling stops the waiting; what the hypervisor has begun it brings to its end.
/// </para>
/// </remarks>
public sealed partial class Hypervisor : IHypervisor
{
    /// <summary>Longer than libvirt itself waits for a guest that is busy with something else, which is half a minute.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(60);

    /// <summary>Beyond anything that a start takes on storage that answers.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(10);

    /// <summary>A guest that answers does so in milliseconds, so this is long also for a loaded machine.</summary>
    private static readonly TimeSpan TakeUpLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly HypervisorUri _uri;
    private readonly LibvirtConnections _connections;
    private readonly LibvirtWorker _worker;
    private readonly DomainEventSource _events;
    private readonly IReadOnlyList<GuestProcess> _strays;
    private readonly TimeProvider _time;
    private readonly Histogram<double>? _starts;

    private Hypervisor(
        HypervisorUri uri, HypervisorFacts facts, LibvirtConnections connections, LibvirtWorker worker, DomainEventSource events,
        IReadOnlyList<GuestProcess> strays, HypervisorOptions options)
    {
        _uri = uri;
        _time = options.Time;
        _starts = options.Meter?.CreateHistogram<double>(
            "redoubt.guest.start.duration", "s", "How long it took the hypervisor to start a guest.");
        Facts = facts;
        _connections = connections;
        _worker = worker;
        _events = events;
        _strays = strays;
    }

    /// <summary>What this host is.</summary>
    public HypervisorFacts Facts { get; }

    /// <summary>The guests that ran when the hypervisor was opened, and did not answer it.</summary>
    public IReadOnlyList<Guid> Silent { get; private init; } = [];

    /// <summary>
    /// The guests that run on this host, and that libvirt has lost its record of, with their processes. They are listed as running; all
    /// that can be done with one is to switch it off.
    /// </summary>
    public IReadOnlyDictionary<Guid, int> Strays => _strays.Where(s => s.IsAlive() && Guid.TryParse(s.Name, out _))
        .DistinctBy(s => s.Name).ToDictionary(s => Guid.Parse(s.Name), s => s.Pid);

    /// <summary>
    /// How many guests may leave a question unanswered before calls about others suffer. A libvirtd has twenty threads for them all, by
    /// default; within this process each takes one.
    /// </summary>
    public int OpenQuestionLimit => _uri.Kind is HypervisorKind.Local or HypervisorKind.Remote ? 8 : 64;

    /// <summary>Ends when the connection breaks, with the reason, and not before.</summary>
    public Task<HypervisorException> Lost => _events.Lost;

    private bool SeesThisHost => _uri.Kind is HypervisorKind.Embedded or HypervisorKind.Local;

    /// <summary>Opens a hypervisor, prepares what it needs, and takes up the guests that run there.</summary>
    /// <exception cref="HypervisorException">It can't be opened; the exception says what to do.</exception>
    public static async Task<Hypervisor> OpenAsync(HypervisorOptions options, CancellationToken cancellationToken)
    {
        var uri = HypervisorUri.Parse(options.Uri);
        var emulator = HypervisorOpener.EmulatorFor(uri, options);
        var worker = new LibvirtWorker(options.Time);
        var (connection, strays) = await HypervisorOpener.ConnectAsync(uri, emulator, worker, cancellationToken);
        var isBehindDaemon = uri.Kind is HypervisorKind.Local or HypervisorKind.Remote;
        var connections = new LibvirtConnections(uri.ForClient, connection, isShared: !isBehindDaemon);
        try
        {
            var events = new DomainEventSource(uri.Text);
            var kvm = options.IsForDefinedDomains
                ? new KvmAnswer(false, "its domains say themselves what they use")
                : await HypervisorOpener.AskForKvmAsync(uri, emulator, options.Time, cancellationToken);
            var (facts, domains) = await worker.RunAsync(
                () =>
                {
                    connection.Subscribe(events, isBehindDaemon ? options.KeepAliveSeconds : null);
                    return connections.Use(c => (HypervisorOpener.Facts(uri, c, emulator, kvm), c.List()));
                },
                Timeout.InfiniteTimeSpan,
                cancellationToken);
            var answers = await Task.WhenAll(domains.Select(d => IsTakenUpAsync(connections, worker, d.Uuid, cancellationToken)));
            return new Hypervisor(uri, facts, connections, worker, events, strays, options)
            {
                Silent = [.. domains.Zip(answers).Where(d => !d.Second).Select(d => d.First.Uuid)],
            };
        }
        catch (Exception failure)
        {
            await CloseAsync(connections, worker);
            if (failure is LibvirtException refused)
                throw OpenFailure.Explain(uri, refused);
            throw;
        }
    }

    /// <summary>
    /// Whether the host has this bridge. Of a host that is not this machine it is not known until a guest starts, so the answer is yes.
    /// </summary>
    public bool HasBridge(string name) => !SeesThisHost || HostBridge.Exists(name);

    /// <summary>
    /// Makes bridges without an uplink on the host, on which the host has no address. Repeating it does no harm.
    /// </summary>
    /// <returns>Which of them there are now: none where that needs rights that this process has not, or libvirt's host is not this
    /// one.</returns>
    /// <exception cref="IOException">The host can't have one.</exception>
    public Task<IReadOnlyList<string>> MakeIsolatedBridgesAsync(IReadOnlyList<string> names, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([.. names.Where(n => SeesThisHost && HostBridge.TryMakeIsolated(n))]);

    /// <summary>Removes such a bridge, if there is one and nothing is connected to it.</summary>
    /// <exception cref="IOException">It can't be removed.</exception>
    public Task RemoveUnusedBridgeAsync(string name, CancellationToken cancellationToken) =>
        SeesThisHost && HostBridge.IsUsed(name) ? Task.CompletedTask : RemoveIsolatedBridgeAsync(name, cancellationToken);

    /// <summary>Removes such a bridge, if there is one.</summary>
    /// <exception cref="IOException">It can't be removed.</exception>
    public Task RemoveIsolatedBridgeAsync(string name, CancellationToken cancellationToken)
    {
        if (SeesThisHost)
            HostBridge.RemoveIsolated(name);
        return Task.CompletedTask;
    }

    /// <summary>The host's memory now.</summary>
    public async Task<HostMemory> GetMemoryAsync(CancellationToken cancellationToken) => _uri.Kind switch
    {
        HypervisorKind.Embedded or HypervisorKind.Local =>
            HostMemory.Parse(await File.ReadAllTextAsync("/proc/meminfo", cancellationToken)),

        // Guests that are only pretended take none, and the driver can't tell what is free of a host described in a file.
        HypervisorKind.Test => new(Facts.MemoryTotalBytes, Facts.MemoryTotalBytes),
        HypervisorKind.Remote => await CallAsync(
            _uri.Text, c => new HostMemory(Facts.MemoryTotalBytes, c.FreeMemoryBytes()), cancellationToken),
    };

    /// <summary>Starts a guest; returns when it exists, and runs unless it was to be left paused.</summary>
    /// <exception cref="HypervisorException">It did not start; nothing of it is left behind.</exception>
    public async Task StartAsync(DomainConfig config, CancellationToken cancellationToken)
    {
        var memory = await PrepareAsync(config, cancellationToken);
        var began = _time.GetTimestamp();
        try
        {
            var xml = DomainXml.Build(config, Facts.Platform);
            await RunAsync(
                c =>
                {
                    using var secrets = DiskSecrets.Define(_uri, c, config.Uuid, config.Disks);
                    var knowsPaused = _uri.Kind != HypervisorKind.Test; // The test driver can only pause what it has started.
                    c.Create(xml, config.StartPaused && knowsPaused);
                    if (config.StartPaused && !knowsPaused)
                        c.Suspend(config.Uuid);
                    return true;
                },
                StartLimit,
                cancellationToken);
            _starts?.Record(_time.GetElapsedTime(began).TotalSeconds);
        }
        catch (LibvirtException refused)
        {
            throw await WhyNotStartedAsync(config, memory, refused);
        }
        catch (TimeoutException hanging)
        {
            throw NotAnswering(config.Uuid.ToString("D"), hanging);
        }
    }

    /// <summary>Every domain there is, in whatever state.</summary>
    public Task<IReadOnlyList<DomainState>> ListAsync(CancellationToken cancellationToken) =>
        CallAsync<IReadOnlyList<DomainState>>(_uri.Text, c => [.. c.List(), .. Strays.Keys.Select(Stray)], cancellationToken);

    /// <summary>One domain; <see langword="null"/> when the VM does not run here.</summary>
    public Task<DomainState?> FindAsync(Guid uuid, CancellationToken cancellationToken) =>
        CallAsync(uuid.ToString("D"), c => c.Find(uuid) ?? (Strays.ContainsKey(uuid) ? Stray(uuid) : null), cancellationToken);

    /// <summary>
    /// Returns when the domain's QEMU has answered a question, or there is no domain; for as long as it hangs, it does not return. No
    /// more than <see cref="OpenQuestionLimit"/> such questions should be open.
    /// </summary>
    /// <exception cref="HypervisorException">Something else that the guest was asked before is not answered either.</exception>
    public Task AwaitAnswerAsync(Guid uuid, CancellationToken cancellationToken) => _uri.Kind == HypervisorKind.Test
        ? Task.CompletedTask // Its guests are only pretended.
        : DoAsync(uuid, c => c.AwaitReconnected(uuid), cancellationToken, Timeout.InfiniteTimeSpan);

    /// <summary>Stops the guest between two instructions.</summary>
    public Task PauseAsync(Guid uuid, CancellationToken cancellationToken) =>
        DoAsync(uuid, c => c.Suspend(uuid), cancellationToken);

    /// <summary>Lets a paused guest go on.</summary>
    public Task UnpauseAsync(Guid uuid, CancellationToken cancellationToken) =>
        DoAsync(uuid, c => c.Resume(uuid), cancellationToken);

    /// <summary>
    /// Asks the guest to shut itself down, and says how it was asked. It does not wait: see <see cref="GuestStops.WaitForStoppedAsync"/>.
    /// </summary>
    /// <exception cref="HypervisorException">The VM does not run here, or its guest is paused.</exception>
    public Task<GuestRoute> ShutdownAsync(Guid uuid, CancellationToken cancellationToken) =>
        AskGuestAsync(uuid, "shut itself down", (c, id, route) => c.Shutdown(id, route), cancellationToken);

    /// <summary>Asks the guest to restart itself, and says how it was asked.</summary>
    /// <exception cref="HypervisorException">The VM does not run here, or its guest is paused.</exception>
    public Task<GuestRoute> RebootAsync(Guid uuid, CancellationToken cancellationToken) =>
        AskGuestAsync(uuid, "restart itself", (c, id, route) => c.Reboot(id, route), cancellationToken);

    /// <summary>Presses the guest's reset button.</summary>
    public Task ResetAsync(Guid uuid, CancellationToken cancellationToken) =>
        DoAsync(uuid, c => c.Reset(uuid), cancellationToken);

    /// <summary>Switches the guest off at once; <see langword="false"/> when it did not run.</summary>
    public Task<bool> DestroyAsync(Guid uuid, CancellationToken cancellationToken) =>
        CallAsync(uuid.ToString("D"), c => c.Destroy(uuid) || KillStray(uuid), cancellationToken);

    /// <summary>
    /// Moves the balloon: how many bytes the guest is to keep. The guest follows in its own time, if it has a balloon driver.
    /// </summary>
    public Task SetMemoryAsync(Guid uuid, long bytes, CancellationToken cancellationToken) =>
        DoAsync(uuid, c => c.SetMemory(uuid, bytes), cancellationToken);

    /// <summary>What is on the guest's screen.</summary>
    public Task<Screenshot> ScreenshotAsync(Guid uuid, CancellationToken cancellationToken) =>
        CallAsync(
            uuid.ToString("D"), c => Facts.Platform.Account is null ? c.Screenshot(uuid) : ScreenPicture.Take(c, uuid), cancellationToken);

    /// <summary>
    /// Everything that happens to domains from now on, beginning with <see cref="DomainEventKind.Resync"/>. Whoever lists the domains on
    /// each Resync and applies the other events never misses a change, however slowly it reads.
    /// </summary>
    /// <exception cref="HypervisorException">The connection to the hypervisor broke.</exception>
    public async IAsyncEnumerable<DomainEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var queue = _events.Join();
        try
        {
            await foreach (var happened in queue.ReadAsync(cancellationToken))
                yield return happened;
        }
        finally
        {
            _events.Leave(queue);
        }
    }

    /// <summary>Lets the hypervisor go, and the guests run on. Waits for the calls that are under way.</summary>
    public async ValueTask DisposeAsync()
    {
        _events.End(null);
        await CloseAsync(_connections, _worker);
    }

    // A call that hangs keeps its connection as long as it does; and the daemon at the other end may be what hangs.
    private static async Task CloseAsync(LibvirtConnections connections, LibvirtWorker worker)
    {
        await worker.DisposeAsync();
        if (!worker.IsIdle && connections.IsShared)
            return;
        try
        {
            await worker.RunAsync(
                () =>
                {
                    connections.Dispose();
                    return true;
                },
                CloseLimit,
                CancellationToken.None);
        }
        catch (TimeoutException)
        {
            // It is closed when the other end answers, or is gone.
        }
    }

    private static async Task<bool> IsTakenUpAsync(
        LibvirtConnections connections, LibvirtWorker worker, Guid uuid, CancellationToken cancellationToken)
    {
        try
        {
            return await worker.RunAsync(
                () => connections.Use(c =>
                {
                    c.AwaitReconnected(uuid);
                    return true;
                }),
                TakeUpLimit,
                cancellationToken);
        }
        catch (Exception silent) when (silent is LibvirtException or TimeoutException)
        {
            return false; // One guest must not keep all others waiting. Its state is the one that libvirt last saw it in.
        }
    }

    private bool KillStray(Guid uuid)
    {
        var own = _strays.Where(s => s.Name == uuid.ToString("D") && s.IsAlive()).ToList();
        return own.Count == 0 || own.TrueForAll(s => s.Kill(TakeUpLimit))
            ? own.Count > 0
            : throw NotAnswering(uuid.ToString("D"), new TimeoutException($"Process {own[0].Pid} does not end."));
    }

    private DomainState Stray(Guid uuid) => new()
    {
        Uuid = uuid,
        Name = uuid.ToString("D"),
        PowerState = DomainPowerState.Running,
        Id = -1,
        MemoryBytes = 0,
    };

    // When a connection breaks, the calls on it may fail before it is said that it is broken.
    private async Task<HypervisorException?> IsLostAsync()
    {
        if (!_connections.IsAlive || _events.Lost.IsCompleted)
            _events.Closed();
        return _events.Lost.IsCompleted ? await _events.Lost : null;
    }

    private async Task<HypervisorException> WhyNotStartedAsync(DomainConfig config, HostMemory memory, LibvirtException refused)
    {
        if (await IsLostAsync() is { } lost)
            return lost;
        var said = _uri.Root is { } root && StartFailure.IsOfMonitor(refused)
            ? QemuLog.SinceStart(await QemuLog.ReadEndAsync(root, config.Uuid))
            : "";
        return StartFailure.Explain(config, memory, refused, said);
    }

    private static HypervisorException NotAnswering(string subject, Exception hanging) => new(
        HypervisorFailure.NotAnswering,
        subject,
        Guid.TryParse(subject, out _)
            ? $"The guest of VM {subject} does not answer: its QEMU process hangs or is stopped, for example on "
                + "storage that does not answer."
            : $"The hypervisor {subject} has not answered in time.",
        "What was asked may still be done. Mend what it waits for, or switch the VM off (vm-shutdown --force).",
        hanging);

    // What must be so before a guest of this configuration can come up; gives the memory that there was then.
    private async Task<HostMemory> PrepareAsync(DomainConfig config, CancellationToken cancellationToken)
    {
        if (config.Problems() is { Count: > 0 } problems)
            throw new HypervisorException(
                HypervisorFailure.ConfigInvalid, config.Uuid.ToString("D"), string.Join(' ', problems), "Correct the VM's configuration.");
        if (await FindAsync(config.Uuid, cancellationToken) is not null)
            throw StartFailure.AlreadyRunning(config.Uuid, null);
        var memory = await GetMemoryAsync(cancellationToken);
        if (SeesThisHost)
        {
            // They look at the disks, and storage may hang.
            await CallAsync(
                config.Uuid.ToString("D"),
                _ =>
                {
                    StartChecks.Check(config, Facts.Platform, memory);
                    MakeDirectoriesFor(config);
                    return true;
                },
                cancellationToken);
        }

        return memory;
    }

    private static void MakeDirectoriesFor(DomainConfig config)
    {
        foreach (var path in new[]
        {
            config.ConsoleLogPath, config.SerialSocketPath, config.VncSocketPath, config.AgentSocketPath, config.NvramPath,
        })
        {
            if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
                Directory.CreateDirectory(directory);
        }
    }

    private Task<GuestRoute> AskGuestAsync(
        Guid uuid, string what, Action<LibvirtConnection, Guid, GuestRoute?> ask, CancellationToken cancellationToken) => CallAsync(
        uuid.ToString("D"),
        c =>
        {
            if (c.Find(uuid) is { PowerState: not DomainPowerState.Running } state)
                throw new HypervisorException(
                    HypervisorFailure.WrongPowerState,
                    uuid.ToString("D"),
                    $"The guest of VM {uuid:D} can't {what}: it is {state.PowerState}.",
                    "Let it run on first, or switch it off hard.");
            if (_uri.Kind != HypervisorKind.Test && c.IsAgentConnected(uuid))
            {
                try
                {
                    ask(c, uuid, GuestRoute.Agent);
                    return GuestRoute.Agent;
                }
                catch (LibvirtException silent) when (silent.Error == LibvirtError.AgentUnresponsive)
                {
                    // The channel is open, but the agent hangs; the power button may still work.
                }
            }

            ask(c, uuid, _uri.Kind == HypervisorKind.Test ? null : GuestRoute.Acpi); // The test driver knows no ways to choose from.
            return GuestRoute.Acpi;
        },
        cancellationToken);

    private Task<bool> DoAsync(
        Guid uuid, Action<LibvirtConnection> call, CancellationToken cancellationToken, TimeSpan? limit = null) => CallAsync(
        uuid.ToString("D"),
        c =>
        {
            call(c);
            return true;
        },
        cancellationToken,
        limit);

    // A call on a connection of its own is not told that the other end is gone for good, so whoever waits for it is told here.
    private async Task<T> RunAsync<T>(Func<LibvirtConnection, T> call, TimeSpan limit, CancellationToken cancellationToken)
    {
        var running = _worker.RunAsync(() => _connections.Use(call), limit, cancellationToken);
        return await Task.WhenAny(running, _events.Lost) == running || running.IsCompleted ? await running : throw await _events.Lost;
    }

    private async Task<T> CallAsync<T>(
        string subject, Func<LibvirtConnection, T> call, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        try
        {
            return await RunAsync(call, limit ?? AnswerLimit, cancellationToken);
        }
        catch (TimeoutException hanging)
        {
            throw NotAnswering(subject, hanging);
        }
        catch (LibvirtException missing) when (missing.Error == LibvirtError.NoDomain)
        {
            throw new HypervisorException(
                HypervisorFailure.NotRunning,
                subject,
                $"The VM {subject} does not run on {_uri.Text}.",
                "Start it first.",
                missing);
        }
        catch (LibvirtException waited) when (waited.Error == LibvirtError.OperationTimeout)
        {
            // Another call about the same guest hangs.
            throw await IsLostAsync() ?? NotAnswering(subject, waited);
        }
        catch (LibvirtException refused)
        {
            throw await IsLostAsync() ?? new HypervisorException(
                HypervisorFailure.Refused,
                subject,
                $"The hypervisor refused: {refused.Message}.",
                "Its log below the hypervisor's root (log/qemu) may say more.",
                refused);
        }
    }
}
