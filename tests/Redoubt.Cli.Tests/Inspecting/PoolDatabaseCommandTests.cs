using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests.Inspecting;

/// <summary>Dump, restore and sync from the command line, against a real server.</summary>
public sealed class PoolDatabaseCommandTests : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-pooldb-").FullName;
    private PoolServer? _server;

    [Fact]
    public async Task A_pool_is_dumped_looked_at_and_restored()
    {
        await StartAsync();
        var (file, other) = (Path.Combine(_root, "pool.xml"), Path.Combine(_root, "other.xml"));
        Assert.Equal(0, (await RunAsync("network-create name-label=kept")).ExitCode);
        Assert.Equal((0, ""), Result(await RunAsync("pool-dump-database file-name=" + file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var again = await RunAsync("pool-dump-database file-name=" + file);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("can't be written", again.Error);
        Assert.Equal(0, (await CliRun.RunAsync(["inspect", file])).ExitCode);

        Assert.Equal(0, (await RunAsync("network-create name-label=later")).ExitCode);
        var unasked = await RunAsync("pool-restore-database file-name=" + file);
        Assert.Equal(1, unasked.ExitCode);
        Assert.Contains("--dry-run", unasked.Error);

        var dry = await RunAsync("pool-restore-database file-name=" + file + " --dry-run");
        Assert.Equal((0, ""), (dry.ExitCode, dry.Error));
        Assert.Contains("1 that the backup lacks go: later", dry.Output);
        Assert.Contains("Dry run: nothing has been changed.", dry.Output);
        Assert.Equal("kept,later\n", await NetworksAsync());

        var done = await RunAsync("pool-restore-database file-name=" + file + " --force");
        Assert.Equal((0, ""), (done.ExitCode, done.Error));
        Assert.Contains("The database has been restored.", done.Output);
        Assert.Equal("kept\n", await NetworksAsync());
        Assert.Equal((0, ""), Result(await RunAsync("pool-sync-database")));

        await File.WriteAllTextAsync(other, "nonsense", TestContext.Current.CancellationToken);
        var refused = await RunAsync("pool-restore-database file-name=" + other + " --force");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("COULD_NOT_IMPORT_DATABASE", refused.Error);
        Assert.Equal("kept\n", await NetworksAsync());
    }

    [Fact]
    public async Task A_restore_that_does_not_say_which_of_the_two_is_meant_does_neither()
    {
        await StartAsync();
        await using var api = new XenApiClient(new Uri(_server!.Urls[0]));
        await api.LoginAsync("root", _server.GeneratedPassword!, TestContext.Current.CancellationToken);
        using var http = new HttpClient();
        var answer = await http.PutAsync(
            new Uri($"{_server.Urls[0]}/pool/xmldbdump?session_id={api.Session.Opaque}"), new StringContent("<database/>"),
            TestContext.Current.CancellationToken);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("INVALID_VALUE", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var anonymous = await http.PutAsync(
            new Uri($"{_server.Urls[0]}/pool/xmldbdump?dry_run=true"), new StringContent("<database/>"),
            TestContext.Current.CancellationToken);
        Assert.Equal(401, (int)anonymous.StatusCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(_root, recursive: true);
    }

    private static (int, string) Result(CliRun run) => (run.ExitCode, run.Error + run.Output);

    private async Task<string> NetworksAsync() =>
        string.Join(
            ',',
            (await RunAsync("network-list params=name-label --minimal")).Output.Trim().Split(',').Order(StringComparer.Ordinal)) + "\n";

    private async Task StartAsync() => _server = await PoolServer.StartAsync(
        new ServeConfig
        {
            DataDirectory = Directory.CreateDirectory(Path.Combine(_root, "data")).FullName,
            ListenUrls = ["http://127.0.0.1:0"],
            HypervisorUri = "test:///default",
        },
        TimeProvider.System,
        TestContext.Current.CancellationToken);

    private Task<CliRun> RunAsync(string line) =>
        CliRun.RunAsync(["-s", _server!.Urls[0], "-u", "root", "-pw", _server.GeneratedPassword!, .. line.Split(' ')]);
}
