using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;

namespace Redoubt.Server.Tests.Metrics;

/// <summary>What a collector reads from a real daemon, and who may.</summary>
public sealed partial class MetricsTests : IDisposable
{
    private const string Token = "a token of some length";

    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-metrics-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_metric_has_a_line_in_the_manual_and_every_line_a_metric()
    {
        await using var server = await StartAsync();
        var (_, text) = await ReadAsync(server, isOpen: true);
        var told = text.Split('\n').Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]).ToList();
        var manual = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operating", "metrics.md"), Cancel);
        var written = Row().Matches(manual).Select(m => Counter().Replace(m.Groups["name"].Value, "")).ToList();
        Assert.Equal(told.Order(), written.Order());
        Assert.Equal(told.Count, told.Distinct().Count());
    }

    [Fact]
    public async Task Both_forms_are_written_as_their_readers_want_them()
    {
        await using var server = await StartAsync();
        var (openType, open) = await ReadAsync(server, isOpen: true);
        Assert.Equal("application/openmetrics-text", openType);
        Assert.EndsWith("# EOF\n", open, StringComparison.Ordinal);
        Assert.Contains("# TYPE redoubt_rpc_calls counter\n", open, StringComparison.Ordinal);
        var (plainType, plain) = await ReadAsync(server, isOpen: false);
        Assert.Equal("text/plain", plainType);
        Assert.DoesNotContain("# EOF", plain, StringComparison.Ordinal);
        Assert.Contains("# TYPE redoubt_rpc_calls_total counter\n", plain, StringComparison.Ordinal);
        Assert.All(
            plain.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l[0] != '#'),
            l => Assert.Matches("""^[a-z_]+(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? [-+0-9.eE]+$""", l));
    }

    [Fact]
    public async Task What_is_told_is_what_is_so()
    {
        await using var server = await StartAsync();
        using var http = new HttpClient();
        await CallAsync(http, server, "nonsense.call");
        await CallAsync(http, server, "session.login_with_password", "root", "wrong");
        var (_, text) = await ReadAsync(server, isOpen: true);
        Assert.Equal(1, Value(text, "redoubt_rpc_calls_total", "message=\"unknown\",failure=\"MESSAGE_METHOD_UNKNOWN\""));
        const string Wrong = "message=\"session.login_with_password\",failure=\"SESSION_AUTHENTICATION_FAILED\"";
        Assert.Equal(1, Value(text, "redoubt_rpc_calls_total", Wrong));
        Assert.Equal(1, Value(text, "redoubt_journal_healthy", null));
        Assert.Equal(1, Value(text, "redoubt_hypervisor_up", null));
        Assert.True(Value(text, "redoubt_commit_changes_total", null) > 0, "the start itself changes something");
        var all = Value(text, "redoubt_commit_duration_seconds_bucket", "le=\"+Inf\"");
        Assert.Equal(Value(text, "redoubt_commit_duration_seconds_count", null), all);
        Assert.Equal(server.Daemon.Services.State.Generation, (long)Value(text, "redoubt_generation", null));
    }

    [Fact]
    public async Task A_copy_that_breaks_is_told_with_its_age_and_what_it_lacks()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var services = pool.Server.Daemon.Services;
        var storage = Directory.CreateDirectory(Path.Combine(_root, "storage"));
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        var sr = (await pool.CallAsync(
            "SR.create", host, new Dictionary<string, string> { ["location"] = storage.FullName }, 0, "copies", "", "file", "", true,
            new Dictionary<string, string>())).GetString();
        await pool.CallAsync("SR.enable_database_replication", sr);
        await Patience.UntilAsync(async () => Value(await ReadAsync(pool), "redoubt_copy_healthy", null) == 1, "the copy is healthy");
        Assert.Equal(0, Value(await ReadAsync(pool), "redoubt_copy_age_seconds", null));
        Assert.Equal(0, Value(await ReadAsync(pool), "redoubt_copy_lag_changes", null));
        storage.Delete(recursive: true);
        await File.WriteAllTextAsync(storage.FullName, "in the way", Cancel);
        await Patience.UntilAsync(async () => Value(await ReadAsync(pool), "redoubt_copy_healthy", null) == 0, "the copy is broken");
        await pool.CallAsync("pool.set_name_label", (await pool.CallAsync("pool.get_all"))[0].GetString(), "renamed");
        await Patience.UntilAsync(async () => Value(await ReadAsync(pool), "redoubt_copy_age_seconds", null) > 0, "it has an age");
        await Patience.UntilAsync(async () => Value(await ReadAsync(pool), "redoubt_copy_lag_changes", null) > 0, "it lacks something");
        await Patience.UntilAsync(
            async () => (await ReadAsync(pool)).Contains("name=\"METADATA_LUN_BROKEN\",priority=\"3\"", StringComparison.Ordinal),
            "it is announced");
    }

    [Fact]
    public async Task Only_the_token_and_users_of_the_pool_may_read()
    {
        await using var server = await StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, new("Bearer", "another token")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, new("Bearer", "")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, new("Bearer", Token)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, Basic("root", server.GeneratedPassword!)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, Basic("root", "wrong")));

        // Another one holds as soon as it is in the file, and an empty file lets nobody in.
        await File.WriteAllTextAsync(TokenFile, "a newer token\n", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, new("Bearer", Token)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, new("Bearer", "a newer token")));
        await File.WriteAllTextAsync(TokenFile, "\n", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, new("Bearer", "")));
    }

    [Fact]
    public async Task Without_a_token_file_no_token_is_right()
    {
        await using var server = await StartAsync(withToken: false);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, new("Bearer", "")));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server, new("Bearer", Token)));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string TokenFile => Path.Combine(_root, "token");

    private static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    private static double Value(string text, string name, string? labels)
    {
        var start = labels is null ? name : $"{name}{{{labels}";
        var line = text.Split('\n')
            .Single(l => l.StartsWith(start, StringComparison.Ordinal) && (labels is not null || l[name.Length] is ' ' or '{'));
        return double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private static async Task CallAsync(HttpClient http, PoolServer server, string method, params string[] parameters)
    {
        var body = System.Text.Json.JsonSerializer.Serialize(new { jsonrpc = "2.0", method, @params = parameters, id = 1 });
        using var content = new StringContent(body);
        using var answer = await http.PostAsync(new Uri(server.Urls[0] + "/jsonrpc"), content, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task<HttpStatusCode> StatusAsync(PoolServer server, AuthenticationHeaderValue? who)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = who;
        using var answer = await http.GetAsync(new Uri(server.Urls[0] + "/metrics"), Cancel);
        return answer.StatusCode;
    }

    private static async Task<string> ReadAsync(TestPool pool)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "metrics"));
        request.Headers.Authorization = Basic("root", TestPool.Password);
        using var answer = await pool.Http.SendAsync(request, Cancel);
        return await answer.Content.ReadAsStringAsync(Cancel);
    }

    private static async Task<(string? Type, string Text)> ReadAsync(PoolServer server, bool isOpen)
    {
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        if (isOpen)
        {
            http.DefaultRequestHeaders.Accept.ParseAdd("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
        }

        using var answer = await http.GetAsync(new Uri(server.Urls[0] + "/metrics"), Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(Cancel));
    }

    private async Task<PoolServer> StartAsync(bool withToken = true)
    {
        await File.WriteAllTextAsync(TokenFile, Token + "\n", Cancel);
        return await PoolServer.StartAsync(
            new ServeConfig
            {
                DataDirectory = Path.Combine(_root, "data"),
                ListenUrls = ["http://127.0.0.1:0"],
                HypervisorUri = "test:///default",
                MetricsTokenFile = withToken ? TokenFile : null,
            },
            TimeProvider.System,
            Cancel);
    }

    [GeneratedRegex("_total$")]
    private static partial Regex Counter();

    [GeneratedRegex(@"^\| `(?<name>redoubt_[a-z_]+)`", RegexOptions.Multiline)]
    private static partial Regex Row();
}
