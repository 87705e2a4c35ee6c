using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What a pool's database holds besides what people put there: the pool, its host, the kinds of storage.</summary>
internal static class FirstStart
{
    /// <summary>Makes what is missing, and brings up to date what the machine itself decides.</summary>
    public static (Ref<PoolRecord> Pool, Ref<HostRecord> Host) Apply(
        Transaction tx, PoolConfig config, HypervisorFacts? facts, IEnumerable<ISrDriver> drivers, DateTimeOffset now)
    {
        var (pool, poolRecord) = tx.State.All<PoolRecord>().FirstOrDefault();
        var host = config.HostUuid is { } uuid
            ? tx.State.FindByUuid<HostRecord>(uuid)
            : poolRecord?.Master
                ?? CreateHost(tx, "", facts?.HostName ?? Environment.MachineName, facts?.CpuCount ?? Environment.ProcessorCount);
        if (poolRecord is null)
        {
            pool = tx.Create(new PoolRecord { NameLabel = config.NameLabel ?? facts?.HostName ?? Environment.MachineName, Master = host });
        }
        else if (poolRecord.Master != host)
        {
            tx.Update(pool, p => p with { Master = host });
            TakeOver(tx, host, isAlone: config.Agree is null);
        }

        if (facts is not null)
        {
            Describe(tx, host, facts, now);
        }
        else
        {
            NoteLost(tx, host, now);
        }

        if (config.DefaultTemplates)
        {
            DefaultTemplates.Make(tx, pool);
        }

        Drivers(tx, drivers);
        return (pool, host);
    }

    /// <summary>Writes down what a host is whose hypervisor has just been opened.</summary>
    public static void Describe(Transaction tx, Ref<HostRecord> host, HypervisorFacts facts, DateTimeOffset now)
    {
        tx.Update(host, h => h with
        {
            Hostname = facts.HostName,
            CpuInfo = Map(("cpu_count", $"{facts.CpuCount}"), ("modelname", facts.CpuModel), ("vendor", ""), ("features", "")),
            SoftwareVersion = Versions(facts),
            Capabilities = ["hvm-3.0-x86_64"],
            ApiVersionMajor = 2,
            ApiVersionMinor = 21,
            ApiVersionVendor = "Redoubt",
        });
        tx.Update(tx.Get(host).Metrics, m => m with { MemoryTotal = facts.MemoryTotalBytes, Live = true, LastUpdated = now });
    }

    /// <summary>Writes down that a host can run no VM now. Whether it is to (<c>host.enabled</c>) is the operator's to say.</summary>
    public static void NoteLost(Transaction tx, Ref<HostRecord> host, DateTimeOffset now)
    {
        tx.Update(tx.Get(host).Metrics, m => m with { Live = false, LastUpdated = now });
    }

    // What is shared the new coordinator attaches now. Whatever else the other hosts have attached they have as before.
    // Which of the others are up is seen a moment later, unless nothing is heard of them any more.
    private static void TakeOver(Transaction tx, Ref<HostRecord> host, bool isAlone)
    {
        foreach (var (_, other) in tx.State.All<HostRecord>().Where(h => isAlone && h.Ref != host).ToList())
        {
            tx.Update(other.Metrics, m => m with { Live = false });
        }

        var pbds = tx.State.All<PbdRecord>().ToList();
        var attached = pbds.Where(p => p.Record.CurrentlyAttached && tx.Get(p.Record.Sr).Shared).Select(p => p.Record.Sr).ToHashSet();
        foreach (var (pbd, record) in pbds)
        {
            var isOwn = record.Host == host;
            tx.Update(
                pbd,
                p => p with
                {
                    CurrentlyAttached = isOwn ? p.CurrentlyAttached || attached.Contains(p.Sr) : p.CurrentlyAttached && !isAlone,
                });
        }
    }

    /// <summary>Makes the records of a host that joins the pool, with a way to each shared SR.</summary>
    /// <inheritdoc cref="CreateHost"/>
    public static Ref<HostRecord> Join(Transaction tx, string uuid, string name, int cpus, string address, Ref<HostRecord> like)
    {
        var host = CreateHost(tx, uuid, name, cpus);
        tx.Update(host, h => h with { Address = address, Hostname = name });
        foreach (var pbd in tx.State.All<PbdRecord>().Select(p => p.Record).Where(p => p.Host == like && tx.Get(p.Sr).Shared).ToList())
        {
            tx.Create(new PbdRecord { Host = host, Sr = pbd.Sr, DeviceConfig = pbd.DeviceConfig });
        }

        return host;
    }

    /// <summary>Makes the records of a host.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="uuid">Its UUID, if it has one already.</param>
    /// <param name="name">Its name.</param>
    /// <param name="cpus">How many processors it has.</param>
    public static Ref<HostRecord> CreateHost(Transaction tx, string uuid, string name, int cpus)
    {
        var metrics = tx.Create(new HostMetricsRecord());
        var host = tx.Create(new HostRecord { Uuid = uuid, NameLabel = name, Metrics = metrics, Enabled = true });
        var vmMetrics = tx.Create(new VmMetricsRecord());
        var control = tx.Create(new VmRecord
        {
            NameLabel = $"Control domain on host: {name}",
            IsControlDomain = true,
            PowerState = VmPowerState.Running,
            ResidentOn = host,
            Affinity = host,
            Metrics = vmMetrics,
            VcpusMax = cpus,
            VcpusAtStartup = cpus,
        });
        tx.Update(host, h => h with { ControlDomain = control });
        return host;
    }

    private static void Drivers(Transaction tx, IEnumerable<ISrDriver> drivers)
    {
        foreach (var driver in drivers)
        {
            var (reference, old) = tx.State.All<SmRecord>().FirstOrDefault(s => s.Record.Type == driver.Type);
            var now = (old ?? new SmRecord { Type = driver.Type }) with
            {
                NameLabel = driver.Type,
                NameDescription = driver.Description,
                Vendor = "Redoubt",
                Version = "1.0",
                RequiredApiVersion = "1.0",
                Capabilities = [.. driver.Features.Words],
                Features = driver.Features.Words.ToImmutableSortedDictionary(c => c, _ => 1L),
                Configuration = driver.RequiredDeviceConfig.ToImmutableSortedDictionary(k => k, _ => "required"),
            };
            if (old is null)
            {
                tx.Create(now);
            }
            else
            {
                tx.Update(reference, _ => now);
            }
        }
    }

    private static ImmutableSortedDictionary<string, string> Versions(HypervisorFacts facts) => Map(
        ("product_brand", "Redoubt"),
        ("product_version", ProductVersion.Current),
        ("platform_name", "Redoubt"),
        ("platform_version", facts.HypervisorVersion.ToString()),
        ("libvirt", facts.LibvirtVersion.ToString()),
        ("xapi", "24.10"),
        ("db_schema", $"{DataModel.SchemaMajor}.{DataModel.SchemaMinor}"));

    private static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(p => p.Key, p => p.Value);
}
