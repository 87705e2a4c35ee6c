using Redoubt.Server;

namespace Redoubt.Cli.Tests;

/// <summary>The keys to the secrets in the metadata, from the command line against a real server.</summary>
public sealed class PoolKeyCommandTests : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-keys-").FullName;
    private PoolServer _server = null!;

    [Fact]
    public async Task A_key_is_exported_listed_imported_and_changed()
    {
        await StartAsync();
        var (file, words) = (Path.Combine(_root, "site-a.key"), await WriteAsync("words", "correct horse battery"));
        var exported = await RunAsync($"pool-key-export file-name={file} recipient=lyon passphrase-file={words}");
        Assert.Equal((0, ""), (exported.ExitCode, exported.Output));
        Assert.Contains("lyon", exported.Error);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain("correct horse", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));

        var own = (await RunAsync("pool-key-list --minimal")).Output.Trim();
        var listed = await RunAsync("pool-key-list");
        Assert.Contains(own, listed.Output);
        Assert.Contains("lyon (", listed.Output);
        Assert.Contains($"\"id\": \"{own}\"", (await RunAsync("pool-key-list --json")).Output);
        Assert.Contains("was here already", (await RunAsync($"pool-key-import file-name={file} passphrase-file={words}")).Output);

        var other = (await RunAsync("pool-key-rotate")).Output.Trim();
        Assert.NotEqual(own, other);
        Assert.Equal(new[] { own, other }.Order(), (await RunAsync("pool-key-list --minimal")).Output.Trim().Split(',').Order());
    }

    [Fact]
    public async Task The_status_asks_for_the_key_to_be_handed_out_as_long_as_nobody_has_it()
    {
        await StartAsync();
        var (file, words) = (Path.Combine(_root, "a.key"), await WriteAsync("words", "correct horse battery"));
        var storage = Directory.CreateDirectory(Path.Combine(_root, "sr")).FullName;
        var sr = (await RunAsync($"sr-create name-label=replicated type=file shared=true device-config:location={storage}")).Output.Trim();
        Assert.Equal(0, (await RunAsync($"sr-enable-database-replication uuid={sr}")).ExitCode);
        Assert.False(await IsAskedForAsync());
        Assert.Equal(0, (await RunAsync("secret-create value=hunter2")).ExitCode);
        Assert.True(await IsAskedForAsync());
        Assert.Equal(0, (await RunAsync($"pool-key-export file-name={file} recipient=lyon passphrase-file={words}")).ExitCode);
        Assert.False(await IsAskedForAsync());
        Assert.Equal(0, (await RunAsync("pool-key-rotate")).ExitCode);
        Assert.True(await IsAskedForAsync());

        async Task<bool> IsAskedForAsync() => (await RunAsync("dr-status")).Output.Contains("pool-key-export", StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_can_not_be_done_is_said_and_writes_nothing()
    {
        await StartAsync();
        var file = Path.Combine(_root, "site-a.key");
        var (words, others, none, wrong) = (
            await WriteAsync(
                "words",
                "correct horse battery"), await WriteAsync("others", "another passphrase"), await WriteAsync("none",
                "\n"), await WriteAsync("wrong", "no key"));
        Assert.Contains(
            "12 characters", await RefusalAsync($"pool-key-export file-name={file} passphrase-file={await WriteAsync("short", "short")}"));
        Assert.Contains("passphrase-file=", await RefusalAsync($"pool-key-export file-name={file}"));
        Assert.Contains("must have the passphrase", await RefusalAsync($"pool-key-export file-name={file} passphrase-file={none}"));
        Assert.False(File.Exists(file));

        Assert.Equal(0, (await RunAsync($"pool-key-export file-name={file} passphrase-file={words}")).ExitCode);
        Assert.Contains("can't be written", await RefusalAsync($"pool-key-export file-name={file} passphrase-file={words}"));
        Assert.Contains("passphrase does not open it", await RefusalAsync($"pool-key-import file-name={file} passphrase-file={others}"));
        Assert.Contains("no export", await RefusalAsync($"pool-key-import file-name={wrong} passphrase-file={words}"));
        Assert.Single((await RunAsync("pool-key-list --minimal")).Output.Trim().Split(','));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<string> RefusalAsync(string line)
    {
        var run = await RunAsync(line);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        return run.Error;
    }

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_root, name);
        await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        return path;
    }

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
        CliRun.RunAsync(["-s", _server.Urls[0], "-u", "root", "-pw", _server.GeneratedPassword!, .. line.Split(' ')]);
}
