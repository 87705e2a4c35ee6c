using System.Net;
using System.Net.Sockets;
using Redoubt.Server.Listening;
using Redoubt.Server.Membership;
using Redoubt.Server.Sessions;
using Redoubt.Server.Supervising;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>A first start, which ends at any moment, loses nothing that it has made.</summary>
public sealed class FirstStartTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-first-start-").FullName;

    [Fact]
    public async Task A_port_in_use_makes_no_pool_and_no_password()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        using var output = new StringWriter();
        var refused = await Assert.ThrowsAsync<ServeException>(() => RunAsync(output, ((IPEndPoint)taken.LocalEndpoint).Port));
        Assert.Contains("another process has that port", refused.Message, StringComparison.Ordinal);
        Assert.Equal("", output.ToString());
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public async Task An_address_of_another_machine_makes_no_pool()
    {
        await Assert.ThrowsAsync<ServeException>(() => PoolServer.StartAsync(Config("https://192.0.2.1:0"), TimeProvider.System, Cancel));
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public async Task A_password_that_was_shown_holds_also_when_the_start_ends_just_after()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var output = new Watched(line =>
        {
            if (line.Contains("root password", StringComparison.Ordinal))
            {
                stopping.Cancel();
            }
        });
        await RunAsync(output, 0, stopping.Token);
        await using var second = await PoolServer.StartAsync(Config("http://127.0.0.1:0"), TimeProvider.System, Cancel);
        Assert.Null(second.GeneratedPassword);
        await using var api = new XenApiClient(new Uri(second.Urls[0]));
        await api.LoginAsync("root", Password(output), Cancel);
    }

    [Fact]
    public async Task A_password_that_could_not_be_shown_does_not_hold_and_the_next_start_shows_another()
    {
        using var output = new Watched(line => throw new IOException("no space left on device"));
        await Assert.ThrowsAsync<ServeException>(() => RunAsync(output, 0));
        await using var second = await PoolServer.StartAsync(Config("http://127.0.0.1:0"), TimeProvider.System, Cancel);
        Assert.NotNull(second.GeneratedPassword);
        await using var api = new XenApiClient(new Uri(second.Urls[0]));
        await api.LoginAsync("root", second.GeneratedPassword, Cancel);
    }

    [Fact]
    public async Task The_password_and_the_address_of_the_console_are_shown_once()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var output = new Watched(line =>
        {
            if (line.Contains("listening on", StringComparison.Ordinal))
            {
                stopping.Cancel();
            }
        });
        await RunAsync(output, 0, stopping.Token);
        var first = output.ToString();
        Assert.Matches("redoubt: root password: \\S{20}\n", first);
        Assert.Matches("redoubt: console: http://127\\.0\\.0\\.1:\\d+/console/ ", first);
        using var again = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        using var later = new Watched(_ => again.Cancel());
        await RunAsync(later, 0, again.Token);
        Assert.DoesNotContain("password", later.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_password_in_a_file_goes_when_root_gets_another()
    {
        await using var server = await PoolServer.StartAsync(Config("http://127.0.0.1:0"), TimeProvider.System, Cancel);
        var file = Path.Combine(_root, FirstPassword.FileName);
        await File.WriteAllTextAsync(file, server.GeneratedPassword, Cancel);
        await using var api = new XenApiClient(new Uri(server.Urls[0]));
        await api.LoginAsync("root", server.GeneratedPassword!, Cancel);
        await api.CallAsync("session.change_password", [server.GeneratedPassword!, "another horse battery"], Cancel);
        Assert.False(File.Exists(file));
    }

    [Theory]
    [InlineData("8:31337", "socket:[31337]", true)]
    [InlineData("8:31337", "socket:[31338]", false)]
    [InlineData("8:31337", "pipe:[31337]", false)]
    [InlineData("8:31337", "/dev/pts/1", false)]
    [InlineData(null, "socket:[31337]", false)]
    [InlineData("", null, false)]
    public void Standard_output_is_the_journal_where_systemd_says_so(string? named, string? target, bool expected) =>
        Assert.Equal(expected, JournalStream.Is(named, target));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Password(StringWriter output) =>
        output.ToString().Split('\n').First(l => l.Contains("root password", StringComparison.Ordinal)).Split(": ")[^1];

    private async Task RunAsync(TextWriter output, int port, CancellationToken? stopping = null)
    {
        await using var seat = new Seat(Config($"http://127.0.0.1:{port}"), output, TimeProvider.System);
        await seat.RunAsync(stopping ?? Cancel);
    }

    private ServeConfig Config(string url) => new() { DataDirectory = _root, ListenUrls = [url], HypervisorUri = "test:///default" };

    private sealed class Watched(Action<string> see) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            see(value ?? "");
        }

        public override async Task WriteLineAsync(string? value)
        {
            await base.WriteLineAsync(value);
            see(value ?? "");
        }
    }
}
