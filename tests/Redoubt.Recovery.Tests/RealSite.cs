using System.Collections.Immutable;
using Redoubt.Cli;
using Redoubt.Cli.Output;
using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>A real server over a real pool in a directory of its own, with libvirt's test hypervisor.</summary>
internal sealed class RealSite : IAsyncDisposable
{
    private const string Password = "correct horse battery";

    private readonly string _root;
    private readonly PoolServer _server;

    private RealSite(string root, PoolServer server, XenApiClient api)
    {
        _root = root;
        _server = server;
        Api = api;
    }

    public XenApiClient Api { get; }

    public string Storage => Path.Combine(_root, "storage");

    public string NewFile(string name) => Path.Combine(_root, name);

    public static async Task<RealSite> StartAsync(string name)
    {
        var root = Directory.CreateTempSubdirectory("redoubt-plan-").FullName;
        Directory.CreateDirectory(Path.Combine(root, "storage"));
        await File.WriteAllTextAsync(Path.Combine(root, "password"), Password + "\n", Cancel);
        var config = new ServeConfig
        {
            DataDirectory = Path.Combine(root, "data"),
            ListenUrls = ["http://127.0.0.1:0"],
            RootPasswordFile = Path.Combine(root, "password"),
            HypervisorUri = "test:///default",
        };
        var server = await PoolServer.StartAsync(config, TimeProvider.System, Cancel);
        var api = new XenApiClient(new Uri(server.Urls[0]));
        await api.LoginAsync("root", Password, Cancel);
        var site = new RealSite(root, server, api);
        await site.CallAsync("pool.set_name_label", (await api.GetAllRecordsAsync<PoolRecord>(Cancel)).Keys.Single(), name);
        return site;
    }

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Another session, for whoever ends it.</summary>
    public async Task<XenApiClient> LoginAsync(CancellationToken cancellationToken)
    {
        var api = new XenApiClient(Api.Server);
        await api.LoginAsync("root", Password, cancellationToken);
        return api;
    }

    public Task<T> CallAsync<T>(string message, params object?[] arguments) => Api.CallAsync<T>(message, arguments, Cancel);

    public Task CallAsync(string message, params object?[] arguments) => Api.CallAsync(message, arguments, Cancel);

    public ImmutableSortedDictionary<string, string> DeviceConfig => Scene.Map(("location", Storage));

    /// <summary>Runs the command line against this site.</summary>
    public async Task<(int Code, string Output, string Error)> RunAsync(params string[] words)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(new Terminal(output, error, isInteractive: false), NewFile("known-pools"), TimeProvider.System);
        var code = await app.RunAsync(["-s", _server.Urls[0], "-u", "root", "-pw", Password, .. words], null, Cancel);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Everything the pool's database says that a session does not change by being there.</summary>
    public async Task<string> DatabaseAsync()
    {
        var text = new StringWriter();
        foreach (var name in new[] { "pool", "host", "network", "SR", "PBD", "VDI", "VM", "VBD", "VIF", "VM_appliance", "DR_task" })
        {
            var table = await Api.CallAsync<RecordTable>($"{name}.get_all_records", [], Cancel);
            foreach (var (reference, record) in table.Rows.OrderBy(r => r.Ref, StringComparer.Ordinal))
            {
                await text.WriteLineAsync(
                    $"{name} {reference} {string.Join('|', record.DeclaredClass.Fields.Select(f => $"{f.Name}={f.Encode(record)}"))}");
            }
        }

        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
