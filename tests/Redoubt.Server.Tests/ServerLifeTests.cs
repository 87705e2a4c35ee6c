using System.Net.Security;
using Redoubt.Server.Listening;

namespace Redoubt.Server.Tests;

public sealed class ServerLifeTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-life-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_restarted_server_has_the_same_pool_and_new_sessions()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        var session = pool.Session;
        var before = (await pool.CallAsync("pool.get_all"))[0].GetString();
        await pool.CallAsync("pool.set_name_label", before, "kept");
        var waiting = pool.Http.PostAsync(
            new Uri(pool.Url, "/jsonrpc"),
            new StringContent($$"""{"jsonrpc":"2.0","method":"event.from","params":["{{session}}",["nosuch"],"",600.0],"id":1}"""),
            TestContext.Current.CancellationToken);

        // Connections that were still in use would be waited for for half a minute.
        await pool.Server.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(25), TestContext.Current.CancellationToken);
        Assert.True((await waiting).IsSuccessStatusCode);
        await pool.StartAsync();
        Assert.Equal("kept", (await pool.CallAsync("pool.get_name_label", before)).GetString());
        Assert.Equal(["SESSION_INVALID", session], await pool.RawFailureAsync("VM.get_all", session));
    }

    [Fact]
    public async Task The_first_start_makes_a_password_and_a_certificate_and_later_ones_keep_them()
    {
        await using (var first = await StartAsync("https://127.0.0.1:0"))
        {
            Assert.NotNull(first.GeneratedPassword);
            using var client = new HttpClient(new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                        certificate is not null && !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch),
                },
            });
            var body =
                $$"""{"jsonrpc":"2.0","method":"session.login_with_password","params":["root","{{first.GeneratedPassword}}"],"id":1}""";
            using var answer = await client.PostAsync(
                new Uri(first.Urls[0] + "/jsonrpc"), new StringContent(body), TestContext.Current.CancellationToken);
            Assert.Contains(
                "\"result\":\"OpaqueRef:", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
                StringComparison.Ordinal);
        }

        var certificate = await File.ReadAllTextAsync(Path.Combine(_root, "tls", "server.crt"), TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_root, "tls", "server.key")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_root, "root-password.json")));
        await using var second = await StartAsync("https://127.0.0.1:0", "http://127.0.0.1:0");
        Assert.Null(second.GeneratedPassword);
        Assert.Equal(2, second.Urls.Count);
        Assert.Equal(
            certificate, await File.ReadAllTextAsync(Path.Combine(_root, "tls", "server.crt"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("ftp://127.0.0.1:0")]
    [InlineData("127.0.0.1:80")]
    [InlineData("https://127.0.0.1:0/path")]
    public async Task What_can_not_or_must_not_be_listened_on_is_refused_before_anything_is_made(string url)
    {
        await Assert.ThrowsAsync<ServeException>(() => StartAsync(url));
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public async Task A_port_in_use_and_a_directory_in_use_are_clear_errors()
    {
        await using var first = await StartAsync("http://127.0.0.1:0");
        Assert.Contains(
            "Another redoubt daemon", (await Assert.ThrowsAsync<ServeException>(() => StartAsync("http://127.0.0.1:0"))).Message,
            StringComparison.Ordinal);
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        await pool.Server.DisposeAsync();
        var config = new ServeConfig
        {
            DataDirectory = pool.DataDirectory,
            ListenUrls = [first.Urls[0]],
            HypervisorUri = "test:///default",
        };
        await Assert.ThrowsAsync<ServeException>(
            () => PoolServer.StartAsync(config, TimeProvider.System, TestContext.Current.CancellationToken));

        // It let go of the directory.
        await pool.StartAsync();
    }

    private Task<PoolServer> StartAsync(params string[] urls) => PoolServer.StartAsync(
        new ServeConfig { DataDirectory = _root, ListenUrls = urls, HypervisorUri = "test:///default" }, TimeProvider.System,
        CancellationToken.None);
}
