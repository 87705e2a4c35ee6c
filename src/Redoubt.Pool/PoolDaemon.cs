using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.Pool.Backups;
using Redoubt.Pool.Measuring;
using Redoubt.Pool.Restoring;
using Redoubt.Storage;
using Redoubt.Storage.Drivers;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// A running pool: its database, its storage, its hypervisor, and the behaviour of every class over them. Closing it leaves the guests
/// running; opening it again finds them.
/// </summary>
public sealed class PoolDaemon : IAsyncDisposable
{
    /// <summary>The name of the meter that the parts of a daemon count and measure with; each daemon has one of its own.</summary>
    public const string MeterName = "Redoubt";

    private readonly DataDirectory _directory;
    private readonly GuestWatch _watch;
    private readonly Func<HostLink, GuestWatch> _watchMember;
    private readonly BackupSchedule _backups;
    private readonly FirmwareWatch _firmware;
    private readonly GuestAnswers _answers;
    private readonly GuestReports _reports;
    private readonly StatisticsWatch _statistics;
    private readonly MetadataReplication _replication;
    private readonly SealingSwitch _sealing;
    private readonly NotedStarts _hostStart;
    private readonly NotedStarts _lossStart;
    private readonly ConsoleLogWatch _consoles;
    private readonly AdoptionOrigins _origins;
    private readonly ScheduledSnapshots _snapshots;

    private Task _settling = Task.CompletedTask;

    // What is let go at the end, the last first.
    private Stack<Func<ValueTask>> _opened = [];

    private MemberHosts? _members;
    private string? _restored;

    private PoolDaemon(
        DataDirectory directory, PoolServices services, MessageTable messages, VdiCalls vdis, GuestWatch watch,
        Func<HostLink, GuestWatch> watchMember, DatabaseRestore restore, VmMetadata vmMetadata,
        BackupSchedule backups, FirmwareWatch firmware, MetadataReplication replication, NotedStarts hostStart, NotedStarts lossStart,
        AdoptionOrigins origins, Statistics statistics, ScheduledSnapshots snapshots)
    {
        (_origins, _snapshots) = (origins, snapshots);
        (_directory, Services, Messages, _watch, _watchMember, _replication) =
            (directory, services, messages, watch, watchMember, replication);
        _backups = backups;
        _firmware = firmware;
        (_hostStart, _lossStart) = (hostStart, lossStart);
        _answers = new(services, services.Hosts.Local);
        _reports = new(services, services.Hosts.Local);
        Statistics = statistics;
        _statistics = new(services, statistics);
        _sealing = new(services);
        _consoles = new(services.DataDirectory, services.Time, services.Loggers);
        Implicit = new ImplicitCalls(services.Database);
        Transfers = new DiskTransfers(vdis);
        Restore = restore;
        VmMetadata = vmMetadata;
        VmTransfers = new VmTransfers(services, vdis, vmMetadata);
    }

    /// <summary>What an operator should know of this start, in whole sentences.</summary>
    public IReadOnlyList<string> Notes =>
        [.. _directory.Notes, .. new[] { _restored, Services.Hosts.Local.Current?.Facts.Unconfined }.OfType<string>()];

    /// <summary>What the behaviour of the classes works with.</summary>
    public PoolServices Services { get; }

    /// <summary>The messages with behaviour of their own.</summary>
    public MessageTable Messages { get; }

    /// <summary>The messages that follow from fields.</summary>
    public ImplicitCalls Implicit { get; }

    /// <summary>Disk content in and out.</summary>
    public DiskTransfers Transfers { get; }

    /// <summary>Replacing the database by a backup.</summary>
    public DatabaseRestore Restore { get; }

    /// <summary>The metadata of VMs in and out.</summary>
    public VmMetadata VmMetadata { get; }

    /// <summary>The snapshots that schedules have taken.</summary>
    internal ScheduledSnapshots Snapshots => _snapshots;

    /// <summary>What hosts and VMs use.</summary>
    public Statistics Statistics { get; }

    /// <summary>VMs with their disks out of the pool and into it.</summary>
    public VmTransfers VmTransfers { get; }

    /// <summary>Starts the pool that lives in a directory, making one at the first start.</summary>
    /// <exception cref="IOException">Another daemon runs on the same directory, or it can't be written.</exception>
    /// <exception cref="InvalidDataException">The pool's database, or another file of the daemon's, can't be used; nothing was
    /// changed.</exception>
    /// <exception cref="HypervisorException">The URI can lead to no hypervisor. One that can't be used now keeps no daemon from
    /// starting.</exception>
    public static Task<PoolDaemon> OpenAsync(PoolConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        var directory = DataDirectory.Open(config.DataDirectory, config.Without);
        return OpenAsync(directory, config, time, cancellationToken);
    }

    /// <summary>
    /// Starts the pool that lives in a directory that is held already; the directory is the daemon's from now on, also if this fails.
    /// </summary>
    /// <inheritdoc cref="OpenAsync(PoolConfig, TimeProvider, CancellationToken)"/>
    public static async Task<PoolDaemon> OpenAsync(
        DataDirectory directory, PoolConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        // The last that was opened is let go first.
        var opened = new Stack<Func<ValueTask>>();
        opened.Push(() =>
        {
            directory.Dispose();
            return ValueTask.CompletedTask;
        });
        try
        {
            return await OpenAsync(directory, opened, config, time, cancellationToken);
        }
        catch
        {
            await CloseAsync(opened);
            throw;
        }
    }

    /// <summary>Makes an empty journal in a directory, for what the pool's other hosts have.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    public static void MakeJournal(string dataDirectory) =>
        LocalJournal.Make(Path.Combine(dataDirectory, KeptName.Journal), JournalWriter.Initialise);

    /// <summary>The URI of the hypervisor of a host.</summary>
    internal static string UriOf(PoolConfig config) =>
        config.HypervisorUri ?? HypervisorOptions.EmbeddedUri(Path.Combine(config.DataDirectory, "hypervisor"));

    /// <summary>How the hypervisor of a host is opened.</summary>
    internal static HypervisorOptions HypervisorOf(PoolConfig config, string uri, Meter meter, TimeProvider time) => new()
    {
        Uri = uri,
        Time = time,
        TrialCommand = config.HypervisorTrialCommand,
        Log = config.Loggers.CreateLogger<HypervisorLink>(),
        Meter = meter,
    };

    /// <summary>Where the states of the TPMs of a host's guests lie; null: not where its daemon looks.</summary>
    internal static string? TpmDirectoryOf(PoolConfig config, string uri) =>
        TpmStates.DirectoryOf(uri, Path.Combine(config.DataDirectory, "hypervisor"));

    /// <summary>The kinds of SR that a host has, and where on it what somebody names may lie.</summary>
    internal static IReadOnlyList<ISrDriver> DriversOf(PoolConfig config, Meter meter, TimeProvider time, out HostRoots roots)
    {
        roots = new HostRoots(config.BootRoots, config.StorageRoots, config.DataDirectory);
        var scratch = ScratchDirectory.Open(config.DataDirectory);
        return SrDrivers.All(new QemuImg(time), scratch, Path.Combine(config.DataDirectory, "mounts"), roots, meter, time);
    }

    private static async Task CloseAsync(Stack<Func<ValueTask>> opened)
    {
        while (opened.TryPop(out var close))
        {
            await close();
        }
    }

    private static async Task<PoolDaemon> OpenAsync(
        DataDirectory directory, Stack<Func<ValueTask>> opened, PoolConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        directory.SetAside();
        var files = new PoolFiles(directory.FullPath, config.AgreeToFiles);
        var copies = KnownCopies.Open(directory.FullPath);
        var messages = MessageLog.Open(files, config.Loggers.CreateLogger<MessageLog>());
        var known = KeyFile.Find(directory.FullPath);
        PoolKeys.Check(directory.FullPath);
        var journal = await Task.Run(() => LocalJournal.OpenAsync(directory, copies, known, config, time), cancellationToken);
        var damage = journal.Damage;
        var key = known ?? KeyFile.Create(files);
        opened.Push(() =>
        {
            key.Dispose();
            return ValueTask.CompletedTask;
        });
        var keys = PoolKeys.Open(files, time);
        var state = keys.Ring.Open(journal.State);
        var attached = new AttachedSrs();
        opened.Push(attached.DisposeAsync);
        var meter = new Meter(MeterName);
        opened.Push(() =>
        {
            meter.Dispose();
            return ValueTask.CompletedTask;
        });
        var database = await PoolDatabase.OpenAsync(
            state, journal.Journal, time, Guid.NewGuid, () => keys.Ring, config.Loggers.CreateLogger<PoolDatabase>(), meter, config.Agree);
        opened.Push(database.DisposeAsync);
        var uri = UriOf(config);
        var hypervisor = await HypervisorLink.OpenAsync(HypervisorOf(config, uri, meter, time), cancellationToken);
        opened.Push(hypervisor.DisposeAsync);
        var drivers = DriversOf(config, meter, time, out var roots);
        var (pool, host) = await database.WriteAsync(
            tx => FirstStart.Apply(tx, config, hypervisor.Current?.Facts, drivers, time.GetUtcNow()), cancellationToken);
        if (journal.Restored is not null)
        {
            await database.WriteAsync(tx => HostStart.Keep(tx, null), cancellationToken);
        }

        var dead = new List<Announcement>();
        foreach (var uuid in config.DeadHosts)
        {
            dead.Add(await database.WriteAsync(tx => DeadHosts.TakeByUuid(tx, uuid, time.GetUtcNow()), cancellationToken));
        }

        await database.WriteAsync(messages.Load, cancellationToken);
        opened.Push(messages.DisposeAsync);
        messages.Start(database);
        var services = new PoolServices
        {
            Database = database,
            Sessions = new Sessions(database, time),
            Hosts = new Hosts(new HostLink(
                host, hypervisor, attached,
                new HostActs(
                    config.DataDirectory, TpmDirectoryOf(config, uri), roots, drivers.ToDictionary(d => d.Type), time))
            {
                BootId = config.HostBootId,
            }),
            Drivers = drivers.ToDictionary(d => d.Type, ISrDriver (d) => new SecretSrDriver(d, () => database.State)),
            Roots = roots,
            StartedFromDamage = damage is not null || journal.Restored is not null,
            MetadataKey = key,
            Keys = keys,
            Copies = copies,
            Messages = messages,
            Loggers = config.Loggers,
            Meter = meter,
            Time = time,
            Files = files,
            Pool = pool,
        };
        await PublishKeyAsync(services);
        foreach (var announcement in dead)
        {
            await services.PostAsync(announcement);
        }

        var daemon = Assemble(
            directory, services, config, out var connections, out var elsewhere, out var testSrs, out var vdis, out var tracking);
        opened.Push(daemon.StopAsync);
        daemon._restored = $"{journal.Restored} {ClosedSentence(state, keys.Ring)}".Trim() is { Length: > 0 } said ? said : null;
        if (journal.Restored is not null && daemon._restored is { } restored)
        {
            await services.PostAsync(new Announcement.DatabaseRestored(services.PoolUuid, restored));
        }

        if (damage is not null)
        {
            await services.PostAsync(new Announcement.JournalCut(services.PoolUuid, damage));
        }

        await testSrs.RemoveLeftoversAsync();
        await connections.RestoreAsync(cancellationToken);
        if (SealingPolicy.HasUnsealed(journal.State))
        {
            // An older version wrote them in clear, and each copy has two halves of which only one is new by now.
            await daemon._sealing.RewriteAsync(times: 1);
        }

        await GuestCopies.EndAsync(services);
        await vdis.RemoveUnfinishedAsync();
        await daemon._watch.StartAsync(cancellationToken);
        await daemon._origins.StartAsync(cancellationToken);
        daemon._members = config.OpenMember is { } open ? new MemberHosts(services, open, daemon._watchMember) : null;

        // A daemon that was killed could not.
        await daemon.LetBridgesGoAsync();
        HostBridge.RemoveAbandoned();
        await elsewhere.AnnounceAsync();
        daemon._settling = Task.Run(tracking.SettleAllAsync, CancellationToken.None);
        daemon._backups.Start();
        daemon._snapshots.Start();
        daemon._firmware.Start();
        daemon._consoles.Start();
        daemon._answers.Start();
        daemon._reports.Start();
        daemon._statistics.Start();
        daemon.NoteKept();
        daemon._opened = opened;
        return daemon;
    }

    /// <summary>Notes which files are kept by now, so that each is missed when it has gone.</summary>
    /// <exception cref="IOException">It can't be written.</exception>
    public void NoteKept() => _directory.Note();

    /// <summary>
    /// Starts the VMs that are to start with hosts that have booted, and those whose host was lost, from now on; to be called when the
    /// daemon answers, since other sites ask back.
    /// </summary>
    public void StartWithHost()
    {
        _hostStart.Begin();
        _lossStart.Begin();
    }

    /// <summary>Tries those that wait for their host once more, now.</summary>
    internal Task TryWithHostAsync(CancellationToken cancellationToken) => _hostStart.TryAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await CloseAsync(_opened);

    private async ValueTask StopAsync()
    {
        await _settling;
        await _hostStart.DisposeAsync();
        await _lossStart.DisposeAsync();
        if (_members is not null)
        {
            await _members.DisposeAsync();
        }

        await _snapshots.DisposeAsync();
        await _backups.DisposeAsync();
        await _firmware.DisposeAsync();
        await _consoles.DisposeAsync();
        await _answers.DisposeAsync();
        await _reports.DisposeAsync();
        await _statistics.DisposeAsync();
        await _sealing.DisposeAsync();
        await _origins.DisposeAsync();
        await _watch.DisposeAsync();
        await LetBridgesGoAsync();
        await _replication.DisposeAsync();
    }

    // A host is not left with bridges that nobody uses; guests that run on keep theirs, and the others' are made again when they start.
    private async Task LetBridgesGoAsync()
    {
        foreach (var (_, network) in Services.State.All<NetworkRecord>().Where(n => IsolatedNetwork.IsInternal(n.Record)))
        {
            try
            {
                await (Services.Hosts.Local.Current?.RemoveUnusedBridgeAsync(IsolatedNetwork.BridgeName(network), CancellationToken.None)
                    ?? Task.CompletedTask);
            }
            catch (IOException)
            {
                // It is found again at the next start or stop.
            }
        }
    }

    private static PoolDaemon Assemble(
        DataDirectory directory, PoolServices services, PoolConfig config, out SrConnections connections,
        out RecoveredElsewhere elsewhere, out TestSrCalls testSrs, out VdiCalls vdis, out TrackingCalls tracking)
    {
        var foreign = new ForeignDatabases();
        var trust = new MetadataTrust(services, foreign);
        var replication = new MetadataReplication(services);
        elsewhere = new RecoveredElsewhere(services, foreign, trust);
        connections = new SrConnections(services, foreign, trust, replication, elsewhere);
        vdis = new VdiCalls(services, connections, foreign, trust);
        tracking = new TrackingCalls(services, vdis);
        var recoverer = new Recoverer(services, connections);
        var backups = new MetadataBackups(services);
        var schedule = new BackupSchedule(services, backups);
        var firmware = new FirmwareFiles(services);
        var guests = new Guests(services, firmware);
        var adoptedFirmware = new AdoptedFirmware(services);
        var origins = new AdoptionOrigins(services, guests, adoptedFirmware, config.AdoptFrom);
        var hotPlug = new HotPlug(services);
        var sites = new KnownSites(services, elsewhere);
        var start = new VmStartCalls(services, guests, elsewhere, sites);
        var images = new SuspendImages(services, vdis);
        var suspensions = new Suspensions(services, guests, images);
        var power = new VmPowerCalls(services, guests, images);
        testSrs = new TestSrCalls(services, connections);
        var suspends = new VmSuspendCalls(services, guests, start, images, suspensions, hotPlug);
        var moves = new Moves(services, guests);
        var migrate = new VmMigrateCalls(services, suspends, guests, moves);
        var snapshots = new VmSnapshotCalls(services, vdis, power, images, suspensions);
        var scheduled = new ScheduledSnapshots(services, snapshots);
        var statistics = new Statistics(services.Time);
        var (hostStart, lost) = (HostStart.Of(services, start), LossStart.Of(services, start));
        var messages = new MessageTable(
            new SrCalls(services, connections, replication, trust),
            new PbdCalls(services, connections),
            vdis,
            tracking,
            new DrTaskCalls(services, connections, trust),
            new RecoveryCalls(services, recoverer, trust),
            testSrs,
            new TestVmCalls(services, trust),
            new VmCalls(services, images),
            new VmCopyCalls(services, vdis),
            snapshots,
            new VmssCalls(services, scheduled),
            start,
            power,
            suspends,
            migrate,
            new VmMemoryCalls(services, guests),
            new VmGuestCalls(services),
            new VmSettingCalls(services, guests),
            new VmApplianceCalls(services, start, power, sites),
            new VbdCalls(services, hotPlug),
            new VifCalls(services, hotPlug),
            new VtpmCalls(services),
            new AdoptionCalls(services, origins, guests, adoptedFirmware),
            new NetworkCalls(services),
            new HostCalls(services, migrate, lost),
            new SecretCalls(services),
            new ExtensionCalls(services),
            new PoolCalls(services),
            new KeyCalls(services),
            new MessageCalls(services),
            new BackupCalls(backups, new BackupRestore(services, backups, recoverer), schedule),
            new RoleCalls(),
            new DataSourceCalls(statistics));
        var attach = connections;
        GuestWatch Watch(HostLink host, Func<HostLink, CancellationToken, Task>? attachAsync) => new(
            services, host, guests, hotPlug, suspensions, moves, new GuestActions(services, guests, start), hostStart, attachAsync);
        return new(
            directory, services, messages, vdis,
            Watch(services.Hosts.Local, null), host => Watch(host, attach.TakeUpAsync),
            new DatabaseRestore(services, connections, guests),
            new VmMetadata(services, recoverer), schedule, new FirmwareWatch(services, adoptedFirmware), replication,
            hostStart, lost, origins, statistics, scheduled);
    }

    private static string? ClosedSentence(DatabaseState state, KeyRing keys)
    {
        var closed = ClosedSecret.Of(state).Where(c => !keys.Has(c.KeyId)).ToList();
        return closed.Count == 0 ? null
            : $"{closed.Count} secrets in it can't be opened, since this daemon lacks the key "
            + $"{string.Join(", ", closed.Select(c => c.KeyId).Distinct().Order(StringComparer.Ordinal))}: "
            + "give it the export of that key with pool-key-import (pool-key-list names the keys that are here). "
            + "Until then they stay sealed.";
    }

    // In the database, so that a recovery site that asks this pool learns it.
    private static async Task PublishKeyAsync(PoolServices services)
    {
        var key = services.MetadataKey.Fingerprint;
        if (services.State.Get(services.Pool).OtherConfig.GetValueOrDefault(MetadataTrust.OwnKey) != key)
        {
            await services.Database.WriteAsync(
                tx => tx.Update(services.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem(MetadataTrust.OwnKey, key) }),
                CancellationToken.None);
        }
    }
}
