using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Pool.Backups;
using Redoubt.Pool.Restoring;
using Redoubt.Storage;
using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// A running pool: its database, its storage, its hypervisor, and the behaviour of every class over them. Closing it leaves the guests
/// running; opening it again finds them.
/// </summary>
public sealed class PoolDaemon : IAsyncDisposable
{
    private readonly FileStream _lock;
    private readonly GuestWatch _watch;
    private readonly BackupSchedule _backups;
    private readonly FirmwareWatch _firmware;

    private PoolDaemon(FileStream held, PoolServices services, MessageTable messages, VdiCalls vdis, GuestWatch watch, DatabaseRestore restore, VmMetadata vmMetadata, BackupSchedule backups, FirmwareWatch firmware)
    {
        (_lock, Services, Messages, _watch) = (held, services, messages, watch);
        _backups = backups;
        _firmware = firmware;
        Implicit = new ImplicitCalls(services.Database);
        Transfers = new DiskTransfers(vdis);
        Restore = restore;
        VmMetadata = vmMetadata;
    }

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

    /// <summary>Starts the pool that lives in a directory, making one at the first start.</summary>
    /// <exception cref="IOException">Another daemon runs on the same directory, or it can't be written.</exception>
    /// <exception cref="InvalidDataException">The pool's database can't be used.</exception>
    /// <exception cref="HypervisorException">The URI can lead to no hypervisor. One that can't be used now keeps no daemon from starting.</exception>
    public static async Task<PoolDaemon> OpenAsync(PoolConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(config.DataDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var held = Hold(config.DataDirectory);
        var (journal, state, damage) = await Task.Run(() => LocalJournal.Open(config.DataDirectory, time), cancellationToken);
        var database = await PoolDatabase.OpenAsync(state, journal, time, Guid.NewGuid);
        var uri = config.HypervisorUri ?? HypervisorOptions.EmbeddedUri(Path.Combine(config.DataDirectory, "hypervisor"));
        var options = new HypervisorOptions { Uri = uri, Time = time, TrialCommand = config.HypervisorTrialCommand };
        var hypervisor = await HypervisorLink.OpenAsync(options, cancellationToken);
        var scratch = Directory.CreateDirectory(Path.Combine(config.DataDirectory, "scratch")).FullName;
        BackupVolume.RemoveLeftovers(scratch);
        ISrDriver[] drivers = [new FileSrDriver(new QemuImg(time), scratch)];
        var (pool, host) = await database.WriteAsync(
            tx => FirstStart.Apply(tx, config, hypervisor.Current?.Facts, drivers, time.GetUtcNow()), cancellationToken);
        var services = new PoolServices
        {
            Database = database,
            Sessions = new Sessions(database, time),
            Link = hypervisor,
            Drivers = drivers.ToDictionary(d => d.Type),
            Attached = new AttachedSrs(),
            StartedFromDamage = damage is not null,
            MetadataKey = KeyFile.Open(config.DataDirectory),
            Time = time,
            DataDirectory = config.DataDirectory,
            Pool = pool,
            Host = host,
        };
        await PublishKeyAsync(services);
        var daemon = Assemble(held, services, out var connections, out var elsewhere, out var testSrs, out var vdis);
        if (damage is not null)
        {
            await services.PostAsync("DATABASE_RECOVERED", 2, Cls.Pool, services.State.Get(pool).Uuid, $"The end of the pool's own journal was damaged: {damage}");
        }

        await testSrs.RemoveLeftoversAsync();
        await connections.RestoreAsync(cancellationToken);
        await vdis.RemoveUnfinishedAsync();
        await daemon._watch.StartAsync(cancellationToken);
        await elsewhere.AnnounceAsync();
        daemon._backups.Start();
        daemon._firmware.Start();
        return daemon;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _backups.DisposeAsync();
        await _firmware.DisposeAsync();
        await _watch.DisposeAsync();
        LetBridgesGo();
        await Services.Link.DisposeAsync();
        await Services.Database.DisposeAsync();
        await Services.Attached.DisposeAsync();
        Services.MetadataKey.Dispose();
        await _lock.DisposeAsync();
    }

    // A host is not left with bridges that nobody uses; guests that run on keep theirs, and the others' are made again when they start.
    private void LetBridgesGo()
    {
        foreach (var (_, network) in Services.State.All<NetworkRecord>().Where(n => IsolatedNetwork.IsInternal(n.Record)))
        {
            try
            {
                Services.Link.Current?.RemoveUnusedBridge(IsolatedNetwork.BridgeName(network));
            }
            catch (IOException)
            {
                // It is found again at the next stop.
            }
        }
    }

    private static PoolDaemon Assemble(FileStream held, PoolServices services, out SrConnections connections, out RecoveredElsewhere elsewhere, out TestSrCalls testSrs, out VdiCalls vdis)
    {
        var foreign = new ForeignDatabases();
        var trust = new MetadataTrust(services, foreign);
        var replication = new MetadataReplication(services);
        elsewhere = new RecoveredElsewhere(services, foreign, trust);
        connections = new SrConnections(services, foreign, trust, replication, elsewhere);
        vdis = new VdiCalls(services, connections, foreign, trust);
        var recoverer = new Recoverer(services, connections);
        var backups = new MetadataBackups(services);
        var schedule = new BackupSchedule(services, backups);
        var firmware = new FirmwareFiles(services);
        var guests = new Guests(services, firmware);
        var start = new VmStartCalls(services, guests, elsewhere, new KnownSites(services, elsewhere));
        var images = new SuspendImages(services, vdis);
        var suspensions = new Suspensions(services, guests, images);
        var power = new VmPowerCalls(services, guests, images);
        testSrs = new TestSrCalls(services, connections);
        var messages = new MessageTable(
            new SrCalls(services, connections, replication, trust),
            new PbdCalls(services, connections),
            vdis,
            new DrTaskCalls(services, connections, trust),
            new RecoveryCalls(services, recoverer, trust),
            testSrs,
            new TestVmCalls(services, trust),
            new VmCalls(services, vdis, images),
            start,
            power,
            new VmSuspendCalls(services, guests, start, images, suspensions),
            new VmMemoryCalls(services, guests),
            new VmGuestCalls(services),
            new VmSettingCalls(services),
            new VmApplianceCalls(services, start, power),
            new VbdCalls(services),
            new VifCalls(services),
            new NetworkCalls(services),
            new HostCalls(services),
            new PoolCalls(services),
            new MessageCalls(services),
            new BackupCalls(backups, new BackupRestore(services, backups, recoverer), schedule),
            new RoleCalls());
        return new(held, services, messages, vdis, new GuestWatch(services, guests, suspensions), new DatabaseRestore(services, connections, guests), new VmMetadata(services, recoverer), schedule, new FirmwareWatch(services, firmware));
    }

    // In the database, so that a recovery site that asks this pool learns it.
    private static async Task PublishKeyAsync(PoolServices services)
    {
        var key = services.MetadataKey.Fingerprint;
        if (services.State.Get(services.Pool).OtherConfig.GetValueOrDefault(MetadataTrust.OwnKey) != key)
        {
            await services.Database.WriteAsync(
                tx => tx.Update(services.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem(MetadataTrust.OwnKey, key) }), CancellationToken.None);
        }
    }

    /// <summary>Two daemons on one directory would write one journal.</summary>
    private static FileStream Hold(string directory)
    {
        var path = Path.Combine(directory, "lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"Another redoubt daemon runs on {directory} ({path} is locked). Stop it first, or use another directory.", e);
        }
    }
}
