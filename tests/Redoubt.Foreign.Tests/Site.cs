using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Foreign.Tests;

/// <summary>A real daemon on a directory of its own, with a libvirt test driver that nobody shares for its hypervisor.</summary>
internal sealed class Site : IAsyncDisposable
{
    private const string HostXml = """
        <node>
          <cpu><mhz>3000</mhz><model>test</model><active>4</active><nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads></cpu>
          <memory>67108864</memory>
        </node>
        """;

    public string Root { get; } = Directory.CreateTempSubdirectory("redoubt-foreign-").FullName;

    public string Storage => Directory.CreateDirectory(Path.Combine(Root, "storage")).FullName;

    public PoolDaemon Daemon { get; private set; } = null!;

    public Caller Client { get; private set; } = null!;

    /// <summary>The host that the daemon runs on.</summary>
    public Ref<HostRecord> Host => Daemon.Services.Hosts.Local.Host;

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<Site> OpenAsync(string name = "site")
    {
        var site = new Site();
        await File.WriteAllTextAsync(Path.Combine(site.Root, "host.xml"), HostXml, Cancel);
        await site.StartAsync(name);
        return site;
    }

    public async Task StartAsync(string name = "site")
    {
        Daemon = await PoolDaemon.OpenAsync(
            new PoolConfig
            {
                DataDirectory = Path.Combine(Root, "data"),
                NameLabel = name,
                HypervisorUri = $"test://{Path.Combine(Root, "host.xml")}",
            },
            TimeProvider.System,
            Cancel);
        Client = new(Daemon, await Daemon.Services.Sessions.OpenAsync(SessionOwner.Root, "test", Host, null, Cancel));
    }

    /// <summary>Attaches, as a recovery would, an SR that somebody else's storage brought, and opens the metadata on it.</summary>
    public async Task<Caller> OpenForeignAsync(string sr, string vdi)
    {
        await Client.CallAsync("DR_task.create", "file", Map(("location", Storage)), ImmutableList.Create(sr));
        return Client.With(
            await Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", Daemon.Services.State.FindByUuid<VdiRecord>(vdi)));
    }

    public static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(p => p.Key, p => p.Value);

    public async ValueTask DisposeAsync()
    {
        await Daemon.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }
}
