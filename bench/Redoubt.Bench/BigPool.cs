using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Bench;

/// <summary>
/// A pool of many VMs, each with two disks, two drives and an interface, in a directory of its own; and a server over it.
/// </summary>
internal sealed class BigPool : IAsyncDisposable
{
    private const string Password = "bench";

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1024 })
    {
        Timeout = TimeSpan.FromMinutes(5),
    };
    private PoolServer? _server;

    public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("redoubt-bench-");

    public string Data => Path.Combine(Directory.FullName, "data");

    public string Session { get; private set; } = "";

    /// <summary>Adds what a pool of so many VMs has.</summary>
    public static ImmutableArray<Ref<VmRecord>> Fill(Transaction transaction, int vms, int padding = 0)
    {
        var sr = transaction.Create(new SrRecord { NameLabel = "replicated", Type = "file", Shared = true });
        var networks = Enumerable.Range(0, 20).Select(i => transaction.Create(new NetworkRecord { NameLabel = $"net {i}" })).ToList();
        var made = ImmutableArray.CreateBuilder<Ref<VmRecord>>(vms);
        for (var i = 0; i < vms; i++)
        {
            var vm = transaction.Create(
                new VmRecord
                {
                    NameLabel = $"vm {i}",
                    NameDescription = new string('x', padding),
                    Metrics = transaction.Create(new VmMetricsRecord()),
                });
            for (var d = 0; d < 2; d++)
            {
                var uuid = transaction.NewUuid();
                var vdi = transaction.Create(
                    new VdiRecord { Uuid = uuid, Location = uuid, Sr = sr, VirtualSize = 1 << 20, NameLabel = $"vm {i} disk {d}" });
                transaction.Create(new VbdRecord { Vm = vm, Vdi = vdi, Userdevice = $"{d}", Type = VbdType.Disk });
            }

            transaction.Create(
                new VifRecord
                {
                    Vm = vm,
                    Network = networks[i % networks.Count],
                    Device = "0",
                    Mac = $"02:00:00:{i >> 16:x2}:{(i >> 8) & 255:x2}:{i & 255:x2}",
                });
            made.Add(vm);
        }

        return made.MoveToImmutable();
    }

    /// <summary>Makes the pool on the disk; no daemon runs after that.</summary>
    public async Task CreateAsync(int vms)
    {
        await using var daemon = await PoolDaemon.OpenAsync(
            new PoolConfig { DataDirectory = Data, HypervisorUri = "test:///default" }, TimeProvider.System, CancellationToken.None);
        await daemon.Services.Database.WriteAsync(tx => Fill(tx, vms).Length);
        await daemon.Services.Database.FlushWholeAsync(CancellationToken.None);
    }

    public async Task StartAsync()
    {
        var file = Path.Combine(Directory.FullName, "password");
        await File.WriteAllTextAsync(file, Password + "\n");
        _server = await PoolServer.StartAsync(
            new ServeConfig
            {
                DataDirectory = Data,
                ListenUrls = ["http://127.0.0.1:0"],
                RootPasswordFile = file,
                HypervisorUri = "test:///default",
            },
            TimeProvider.System,
            CancellationToken.None);
        Session = (await CallAsync("session.login_with_password", "root", Password, "1.0", "bench")).GetString()!;
    }

    /// <summary>The result of a call over JSON-RPC with exactly these parameters.</summary>
    public async Task<JsonElement> CallAsync(string method, params object?[] parameters)
    {
        using var answer = await PostAsync(method, parameters);
        using var document = await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync());
        return document.RootElement.TryGetProperty("result", out var result)
            ? result.Clone()
            : throw new InvalidOperationException(document.RootElement.ToString());
    }

    /// <summary>The bytes of an answer over JSON-RPC, not looked into.</summary>
    public async Task<long> CountJsonAsync(string method, params object?[] parameters)
    {
        using var answer = await PostAsync(method, parameters);
        return await CountAsync(answer);
    }

    /// <summary>The bytes of an answer over XML-RPC, not looked into.</summary>
    public async Task<long> CountXmlAsync(string method, params string[] parameters)
    {
        var body = $"<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>"
            + string.Concat(parameters.Select(p => $"<param><value><string>{p}</string></value></param>")) + "</params></methodCall>";
        using var content = new StringContent(body, Encoding.UTF8, "text/xml");
        using var answer = await _http.PostAsync(new Uri(_server!.Urls[0]), content);
        return await CountAsync(answer);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _http.Dispose();
        Directory.Delete(recursive: true);
    }

    private async Task<HttpResponseMessage> PostAsync(string method, object?[] parameters)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object?>
        {
            ["jsonrpc"] = "2.0",
            ["method"] = method,
            ["params"] = parameters,
            ["id"] = 1,
        }));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await _http.PostAsync(new Uri(new Uri(_server!.Urls[0]), "/jsonrpc"), content);
    }

    private static async Task<long> CountAsync(HttpResponseMessage answer)
    {
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadAsByteArrayAsync()).LongLength;
    }
}
