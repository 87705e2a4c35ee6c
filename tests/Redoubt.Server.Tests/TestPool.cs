using System.Net;
using System.Text;
using System.Text.Json;

namespace Redoubt.Server.Tests;

/// <summary>A real server over a real pool in a directory of its own, with libvirt's test hypervisor.</summary>
public sealed class TestPool : IAsyncLifetime
{
    public const string Password = "correct horse battery";

    private bool _isUp;
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-server-").FullName;

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    public PoolServer Server { get; private set; } = null!;

    /// <summary>The clock that the server goes by.</summary>
    public ShiftedClock Clock { get; } = new();

    /// <summary>Where it listens.</summary>
    public IReadOnlyList<string> Listen { get; init; } = ["http://127.0.0.1:0"];

    /// <summary>Where it serves disks, once a network has that purpose.</summary>
    public int NbdPort { get; set; }

    public Uri Url => new(Server.Urls[0]);

    /// <summary>A session of root.</summary>
    public string Session { get; private set; } = "";

    public string DataDirectory => Path.Combine(_root, "data");

    public string PasswordFile => Path.Combine(_root, "password");

    public string NewDirectory() => Directory.CreateDirectory(Path.Combine(_root, Guid.NewGuid().ToString("D"))).FullName;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(PasswordFile, Password + "\n");
        await StartAsync();
    }

    public async Task StartAsync()
    {
        var config = new ServeConfig
        {
            DataDirectory = DataDirectory,
            ListenUrls = Listen,
            NbdPort = NbdPort,
            RootPasswordFile = PasswordFile,
            HypervisorUri = "test:///default",
        };
        Server = await PoolServer.StartAsync(config, Clock, CancellationToken.None);
        _isUp = true;
        Session = await LoginAsync();
    }

    /// <summary>Ends the server; <see cref="StartAsync"/> starts another one over the same directory.</summary>
    public async Task StopAsync()
    {
        _isUp = false;
        await Server.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_isUp)
        {
            await StopAsync();
        }

        Http.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    public async Task<string> LoginAsync() =>
        (await ResultAsync("session.login_with_password", "root", Password, "1.0", "tests")).GetString()!;

    /// <summary>The result of a call with root's session.</summary>
    public Task<JsonElement> CallAsync(string method, params object?[] parameters) => ResultAsync(method, [Session, .. parameters]);

    /// <summary>The whole answer to a call.</summary>
    public Task<JsonElement> AnswerAsync(string method, params object?[] parameters) => PostAsync(method, parameters);

    /// <summary>The lines of the audit log.</summary>
    public async Task<List<JsonElement>> AuditAsync()
    {
        await using var file = new FileStream(
            Path.Combine(DataDirectory, "audit.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return [.. (await reader.ReadToEndAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonDocument.Parse(l).RootElement)];
    }

    /// <summary>The result of a call with exactly these parameters.</summary>
    public async Task<JsonElement> ResultAsync(string method, params object?[] parameters)
    {
        var answer = await PostAsync(method, parameters);
        return answer.TryGetProperty("result", out var result) ? result : throw new InvalidOperationException(answer.ToString());
    }

    /// <summary>The code and parameters of the failure of a call with root's session.</summary>
    public Task<string[]> FailureAsync(string method, params object?[] parameters) => RawFailureAsync(method, [Session, .. parameters]);

    /// <summary>The code and parameters of the failure of a call with exactly these parameters.</summary>
    public async Task<string[]> RawFailureAsync(string method, params object?[] parameters)
    {
        var answer = await PostAsync(method, parameters);
        Assert.True(answer.TryGetProperty("error", out var error), answer.ToString());
        return [error.GetProperty("message").GetString()!, .. error.GetProperty("data").EnumerateArray().Select(p => p.GetString()!)];
    }

    public async Task<HttpResponseMessage> SendAsync(string path, string body, string contentType = "application/json")
    {
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new(contentType);
        return await Http.PostAsync(new Uri(Url, path), content);
    }

    /// <summary>Waits until a task is over; gives its record.</summary>
    public async Task<JsonElement> FinishedAsync(string task)
    {
        while (true)
        {
            var record = await CallAsync("task.get_record", task);
            if (record.GetProperty("status").GetString() is not ("pending" or "cancelling"))
            {
                return record;
            }

            await Task.Delay(20);
        }
    }

    /// <summary>An SR with room for disks.</summary>
    public async Task<string> CreateSrAsync()
    {
        var host = (await CallAsync("host.get_all"))[0].GetString();
        var config = new Dictionary<string, string> { ["location"] = NewDirectory() };
        return (await CallAsync("SR.create", host, config, 0, "storage", "", "file", "user", true, new Dictionary<string, string>()))
            .GetString()!;
    }

    /// <summary>A session on a copy of this pool's own database, as another pool would open it.</summary>
    public async Task<string> OpenForeignAsync()
    {
        var sr = await CreateSrAsync();
        await CallAsync("SR.enable_database_replication", sr);
        var vdis = await CallAsync("SR.get_VDIs", sr);
        return (await CallAsync("VDI.open_database", vdis[0].GetString())).GetString()!;
    }

    private async Task<JsonElement> PostAsync(string method, object?[] parameters)
    {
        using var response = await SendAsync(
            "/jsonrpc", JsonSerializer.Serialize(new { jsonrpc = "2.0", method, @params = parameters, id = 7 }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var document = JsonDocument.Parse(await response.Content.ReadAsStreamAsync());
        Assert.Equal(7, document.RootElement.GetProperty("id").GetInt32());
        return document.RootElement.Clone();
    }
}
