using System.Collections.Immutable;
using System.Xml.Linq;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What storage repositories do.</summary>
internal sealed partial class SrCalls(PoolServices pool, SrConnections connections, MetadataReplication replication, MetadataTrust trust)
{
    [Message("SR.create")]
    public async Task<Ref<SrRecord>> CreateAsync(
        CallContext call, Ref<HostRecord> host, ImmutableSortedDictionary<string, string> deviceConfig, long physicalSize, string nameLabel,
        string nameDescription, string type, string contentType, bool shared, ImmutableSortedDictionary<string, string> smConfig)
    {
        call.State.Get(host);
        Driver(type);

        // What is shared is the coordinator's to make, and every host's to attach.
        var at = shared ? pool.Hosts.Local : pool.Hosts.Get(host);
        await HostPlaces.RequireStorageAsync(pool, call, deviceConfig);
        var uuid = new SrUuid(Guid.NewGuid());
        var opened = DeviceSecrets.Open(call.State, deviceConfig);
        await at.Acts.CreateSrAsync(type, uuid, opened, call.Cancellation);
        var reference = await pool.Database.WriteAsync(
            tx =>
            {
                var sr = tx.Create(new SrRecord
                {
                    Uuid = uuid.ToString(),
                    NameLabel = nameLabel,
                    NameDescription = nameDescription,
                    Type = type,
                    ContentType = contentType,
                    Shared = shared,
                    SmConfig = smConfig,
                });
                var kept = DeviceSecrets.Keep(tx, deviceConfig);
                foreach (var of in shared ? tx.State.All<HostRecord>().Select(h => h.Ref).ToList() : [host])
                {
                    tx.Create(new PbdRecord { Host = of, Sr = sr, DeviceConfig = kept });
                }

                return sr;
            },
            CancellationToken.None);
        try
        {
            await connections.PlugAsync(
                pool.State.Get(reference).Pbds.Single(p => pool.State.Get(p).Host == at.Host), call.Cancellation);
            await connections.PlugMembersAsync(reference);
            return reference;
        }
        catch
        {
            // Nothing half done: the rows and the empty SR go, and the caller learns the first cause.
            await Undoing.TryAsync(
                pool, Cls.Sr, uuid.ToString(), "The record of an SR that could not be made is still there: remove it (sr-forget).",
                () => pool.Database.WriteAsync(tx => SrRows.Delete(tx, reference), CancellationToken.None));
            await Undoing.TryAsync(
                pool, Cls.Sr, uuid.ToString(), "An empty SR that could not be attached is still on its storage: remove its directory.",
                () => at.Acts.DestroySrAsync(type, uuid, opened, CancellationToken.None));
            throw;
        }
    }

    [Message("SR.introduce")]
    public Task<Ref<SrRecord>> IntroduceAsync(
        CallContext call, string uuid, string nameLabel, string nameDescription, string type, string contentType, bool shared,
        ImmutableSortedDictionary<string, string> smConfig)
    {
        Driver(type);
        if (!SrUuid.TryParse(uuid, out var parsed))
        {
            throw new XenApiException("INVALID_VALUE", "uuid", uuid);
        }

        return pool.Database.WriteAsync(
            tx => tx.State.FindByUuid<SrRecord>(uuid) is { IsNull: false }
                ? throw new XenApiException("SR_UUID_EXISTS", uuid)
                : tx.Create(new SrRecord
                {
                    Uuid = parsed.ToString(),
                    NameLabel = nameLabel,
                    NameDescription = nameDescription,
                    Type = type,
                    ContentType = contentType,
                    Shared = shared,
                    SmConfig = smConfig,
                }),
            call.Cancellation);
    }

    [Message("SR.probe")]
    public async Task<string> ProbeAsync(
        CallContext call, Ref<HostRecord> host, ImmutableSortedDictionary<string, string> deviceConfig, string type,
        ImmutableSortedDictionary<string, string> smConfig)
    {
        RequireNoMore(smConfig);
        call.State.Get(host);
        var found = await SrSearch.RunAsync(pool, call, Driver(type), deviceConfig, trust);
        return new XElement("SRlist", found.Select(sr => new XElement(
            "SR",
            new XElement("UUID", sr.Uuid),
            new XElement("Devlist"),
            new XElement("size", sr.PhysicalSizeBytes),
            new XElement("name_label", XmlText.Clean(sr.NameLabel)),
            new XElement("name_description", XmlText.Clean(sr.NameDescription)),
            new XElement("pool_metadata_detected", sr.HasMetadata ? "true" : "false"),
            sr.Metadata.Select(m => new XElement(
                "pool_metadata",
                new XElement("pool_uuid", m.PoolUuid),
                new XElement("pool_name", XmlText.Clean(m.PoolName)),
                new XElement("generation", m.Generation),
                m.WrittenAt is { } at ? new XElement("written_at", XenTypes.DateTime.Encode(at)) : null))))).ToString();
    }

    [Message("SR.probe_ext")]
    public async Task<ImmutableList<ProbeResultRecord>> ProbeExtAsync(
        CallContext call, Ref<HostRecord> host, ImmutableSortedDictionary<string, string> deviceConfig, string type,
        ImmutableSortedDictionary<string, string> smConfig)
    {
        RequireNoMore(smConfig);
        call.State.Get(host);
        var found = await SrSearch.RunAsync(pool, call, Driver(type), deviceConfig, trust);
        return
        [
            .. found.Select(sr => new ProbeResultRecord
            {
                Configuration = deviceConfig,
                Complete = true,
                Sr = new SrStatRecord
                {
                    Uuid = sr.Uuid,
                    NameLabel = sr.NameLabel,
                    NameDescription = sr.NameDescription,
                    TotalSpace = sr.PhysicalSizeBytes,
                    Health = SrHealth.Healthy,
                },
                ExtraInfo = ImmutableSortedDictionary<string, string>.Empty.Add(
                    "pool_metadata_detected", sr.HasMetadata ? "true" : "false"),
            }),
        ];
    }

    [Message("SR.get_supported_types")]
    public ImmutableList<string> GetSupportedTypes(CallContext call) => [.. pool.Drivers.Keys.Order(StringComparer.Ordinal)];

    [Message("SR.forget")]
    public async Task ForgetAsync(CallContext call, Ref<SrRecord> sr)
    {
        using var held = await pool.Gates.EnterAsync(pool.State.Get(sr).Uuid, call.Cancellation);
        RequireUnplugged(pool.State, sr);
        SrRows.GuardProtection(pool, sr, call.Session);
        await pool.Database.WriteAsync(
            tx =>
            {
                RequireUnplugged(tx.State, sr);
                SrRows.Delete(tx, sr);
            },
            call.Cancellation);
    }

    [Message("SR.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<SrRecord> sr)
    {
        var record = pool.State.Get(sr);
        using var held = await pool.Gates.EnterAsync(record.Uuid, call.Cancellation);
        RequireUnplugged(pool.State, sr);
        if (!record.IntroducedBy.IsNull)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The SR was attached for disaster recovery and is not this pool's to destroy. drtask-destroy lets it go.");
        }

        SrRows.GuardProtection(pool, sr, call.Session);
        var pbds = record.Pbds.Select(pool.State.Get).ToList();
        var pbd = pbds.Find(p => p.Host == pool.Hosts.Local.Host)
            ?? pbds.Find(p => pool.Hosts.Find(p.Host) is { Current: not null })
            ?? throw new XenApiException("SR_HAS_NO_PBDS", sr.Opaque);
        await using var operation = await Operations.BeginAsync(pool.Database, call, sr, StorageOperations.Destroy);
        await pool.Hosts.Get(pbd.Host).Acts.DestroySrAsync(
            record.Type, SrRows.Uuid(record), DeviceSecrets.Open(pool.State, pbd.DeviceConfig), call.Cancellation);
        await pool.Database.WriteAsync(tx => SrRows.Delete(tx, sr), CancellationToken.None);
    }

    [Message("SR.scan")]
    public async Task ScanAsync(CallContext call, Ref<SrRecord> sr)
    {
        await using var operation = await Operations.BeginAsync(pool.Database, call, sr, StorageOperations.Scan);
        await connections.ScanAsync(sr, call.Cancellation);
    }

    [Message("SR.update")]
    public Task UpdateAsync(CallContext call, Ref<SrRecord> sr) => connections.StatAsync(sr, call.Cancellation);

    [Message("SR.set_name_label")]
    public Task SetNameLabelAsync(CallContext call, Ref<SrRecord> sr, string value) =>
        pool.Database.WriteAsync(tx => tx.Update(sr, s => s with { NameLabel = value }), call.Cancellation);

    [Message("SR.set_name_description")]
    public Task SetNameDescriptionAsync(CallContext call, Ref<SrRecord> sr, string value) =>
        pool.Database.WriteAsync(tx => tx.Update(sr, s => s with { NameDescription = value }), call.Cancellation);

    [Message("SR.set_shared")]
    public Task SetSharedAsync(CallContext call, Ref<SrRecord> sr, bool value) =>
        pool.Database.WriteAsync(tx => tx.Update(sr, s => s with { Shared = value }), call.Cancellation);

    [Message("SR.assert_supports_database_replication")]
    public void AssertSupportsDatabaseReplication(CallContext call, Ref<SrRecord> sr) => replication.AssertSupported(sr);

    [Message("SR.enable_database_replication")]
    public Task EnableDatabaseReplicationAsync(CallContext call, Ref<SrRecord> sr) => replication.EnableAsync(sr, call.Cancellation);

    [Message("SR.disable_database_replication")]
    public Task DisableDatabaseReplicationAsync(CallContext call, Ref<SrRecord> sr)
    {
        SrRows.GuardProtection(pool, sr, call.Session);
        return replication.DisableAsync(sr, call.Cancellation);
    }

    [Message("SR.get_database_replication_state")]
    public ImmutableSortedDictionary<string, string> GetDatabaseReplicationState(CallContext call, Ref<SrRecord> sr) =>
        replication.State(sr);

    // metadata=true is how XenServer's clients, and ours, ask to be told of metadata, which is always done here.
    private static void RequireNoMore(ImmutableSortedDictionary<string, string> smConfig)
    {
        if (smConfig.Keys.FirstOrDefault(k => k != "metadata") is { } more)
        {
            throw new XenApiException(
                "VALUE_NOT_SUPPORTED", "sm_config", more,
                "This is not done here: no storage driver is told more than device_config to look for SRs.");
        }
    }

    private static void RequireUnplugged(DatabaseState state, Ref<SrRecord> sr)
    {
        if (state.Get(sr).Pbds.Any(p => state.Get(p).CurrentlyAttached))
        {
            throw new XenApiException("SR_HAS_PBD", sr.Opaque);
        }
    }

    private ISrDriver Driver(string type) => SrRows.Driver(pool, type);
}
