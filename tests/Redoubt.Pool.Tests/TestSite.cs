using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// A pool of its own: a real daemon on a directory that lasts as long as the test, with libvirt's test driver for a hypervisor. The
/// driver is given a file, because all connections to <c>test:///default</c> share their guests.
/// </summary>
internal sealed class TestSite : IAsyncDisposable
{
    private const string HostXml = """
        <node>
          <cpu><mhz>3000</mhz><model>test</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>1</threads></cpu>
          <memory>67108864</memory>
        </node>
        """;

    private string? _hypervisor;
    private Func<PoolConfig, PoolConfig> _change = config => config;

    public string Root { get; } = Directory.CreateTempSubdirectory("redoubt-pool-").FullName;

    /// <summary>What its daemons go by.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public PoolDaemon Daemon { get; private set; } = null!;

    public TestClient Client { get; private set; } = null!;

    /// <summary>The host that the daemon runs on.</summary>
    public Ref<HostRecord> Host => Daemon.Services.Hosts.Local.Host;

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Opens a pool whose guests are its own and only pretended.</summary>
    public static async Task<TestSite> OpenAsync(
        Func<PoolConfig, PoolConfig>? change = null, TimeProvider? time = null)
    {
        var site = new TestSite { Time = time ?? TimeProvider.System };
        site._change = change ?? site._change;
        site._hypervisor = $"test://{Path.Combine(site.Root, "host.xml")}";
        await File.WriteAllTextAsync(Path.Combine(site.Root, "host.xml"), HostXml, Cancel);
        await site.StartAsync();
        return site;
    }

    /// <summary>Opens a pool on a hypervisor; null: QEMU in this process, which can be had only once.</summary>
    public static async Task<TestSite> OpenOnAsync(string? hypervisor)
    {
        var site = new TestSite { _hypervisor = hypervisor };
        if (hypervisor is null)
        {
            HypervisorCache.Share(Path.Combine(site.Root, "data", "hypervisor"));
        }

        await site.StartAsync();
        return site;
    }

    public async Task StartAsync()
    {
        var config = new PoolConfig { DataDirectory = Path.Combine(Root, "data"), NameLabel = "site", HypervisorUri = _hypervisor };
        Daemon = await PoolDaemon.OpenAsync(_change(config), Time, Cancel);
        var session = await Daemon.Services.Sessions.OpenAsync(SessionOwner.Root, "test", Host, null, Cancel);
        Client = new TestClient(Daemon, session);
    }

    public Task<Ref<SrRecord>> CreateSrAsync(string location) => Client.CallAsync<Ref<SrRecord>>(
        "SR.create", Host, Map(("location", Directory.CreateDirectory(Path.Combine(Root, location)).FullName)), 0L, location, "", "file",
        "user", true, Map());

    public Task<Ref<VdiRecord>> CreateVdiAsync(Ref<SrRecord> sr, string name = "disk") => Client.CallAsync<Ref<VdiRecord>>(
        "VDI.create", new VdiRecord { NameLabel = name, Sr = sr, VirtualSize = 1 << 20, Type = VdiType.User });

    /// <summary>Writes a disk from its beginning.</summary>
    public Task FillAsync(Ref<VdiRecord> vdi, byte[] bytes) =>
        Daemon.Transfers.ImportAsync(Call(), vdi, new MemoryStream(bytes), Storage.DiskFormat.Raw);

    /// <summary>All that is on a disk.</summary>
    public async Task<byte[]> ReadAsync(Ref<VdiRecord> vdi)
    {
        await using var content = await Daemon.Transfers.ExportAsync(Call(), vdi, Storage.DiskFormat.Raw);
        var bytes = new MemoryStream();
        await content.CopyToAsync(bytes, Cancel);
        return bytes.ToArray();
    }

    /// <summary>A call of root's, for what is not sent as a message.</summary>
    public CallContext Call() => new(Client.Session, Daemon.Services.State, TaskHandle.Unrecorded(), Cancel);

    public Task<Ref<VmRecord>> CreateVmAsync(string name, Func<VmRecord, VmRecord>? change = null)
    {
        const long memory = 64 << 20;
        var vm = new VmRecord
        {
            NameLabel = name,
            MemoryStaticMin = memory / 2,
            MemoryDynamicMin = memory,
            MemoryDynamicMax = memory,
            MemoryStaticMax = 2 * memory,
            VcpusMax = 2,
            VcpusAtStartup = 1,
        };
        return Client.CallAsync<Ref<VmRecord>>("VM.create", change is null ? vm : change(vm));
    }

    public Task<Ref<VbdRecord>> CreateVbdAsync(Ref<VmRecord> vm, Ref<VdiRecord> vdi, string userdevice = "autodetect") =>
        Client.CallAsync<Ref<VbdRecord>>(
            "VBD.create",
            new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = userdevice, Mode = VbdMode.Rw, Type = VbdType.Disk, Bootable = true });

    public Task<Ref<NetworkRecord>> CreateNetworkAsync(string name, string bridge = "") =>
        Client.CallAsync<Ref<NetworkRecord>>("network.create", new NetworkRecord { NameLabel = name, Bridge = bridge });

    /// <summary>Another host of the pool, of which this daemon has nothing but its record.</summary>
    public Task<Ref<HostRecord>> AddHostAsync(string name) => Daemon.Services.Database.WriteAsync(
        tx => tx.Create(new HostRecord { NameLabel = name, Enabled = true, Metrics = tx.Create(new HostMetricsRecord { Live = true }) }),
        Cancel);

    public T Get<T>(Ref<T> reference)
        where T : XenApi.Record, IRecord<T>, new() => Daemon.Services.State.Get(reference);

    public IEnumerable<T> All<T>()
        where T : XenApi.Record, IRecord<T>, new() => Daemon.Services.State.All<T>().Select(r => r.Record);

    public static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(p => p.Key, p => p.Value);

    public async ValueTask DisposeAsync()
    {
        await Daemon.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }
}
