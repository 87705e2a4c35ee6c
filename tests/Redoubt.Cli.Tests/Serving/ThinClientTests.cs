using System.Net.Sockets;
using System.Text;
using Redoubt.Cli.Serving;
using Redoubt.Server;

namespace Redoubt.Cli.Tests.Serving;

/// <summary>The commands by way of <c>/cli</c>, against a real server over libvirt's test hypervisor.</summary>
public sealed class ThinClientTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-cli-").FullName;
    private PoolServer _server = null!;
    private string _lastSession = "";

    private Uri Url => new(_server.Urls[0]);

    public async ValueTask InitializeAsync()
    {
        var password = Path.Combine(_root, "password");
        await File.WriteAllTextAsync(password, Password + "\n");
        var config = ServeCommand.Parse(["--data", Path.Combine(_root, "data"), "--listen", "http://127.0.0.1:0", "--root-password-file", password, "--hypervisor", "test:///default"]);
        var run = config.RunCommand!;
        config = config with
        {
            RunCommand = (call, cancel) =>
            {
                _lastSession = call.Session;
                return run(call, cancel);
            },
        };
        _server = await PoolServer.StartAsync(config, TimeProvider.System, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_thin_client_runs_the_commands_of_the_command_line()
    {
        var made = await RunAsync("network-create", "name-label=ünïcode <&>", "name-description=");
        Assert.Equal((0, ""), (made.ExitCode, made.Error));
        var uuid = made.Output.TrimEnd('\n');
        Assert.Matches("^[-0-9a-f]{36}$", uuid);
        Assert.Equal("ünïcode <&>\n", (await RunAsync("network-param-get", $"uuid={uuid}", "param-name=name-label")).Output);
        Assert.Equal(uuid + "\n", (await RunAsync("network-list", "name-label=ünïcode <&>", "--minimal")).Output);
        Assert.Contains("name-label", (await RunAsync("network-list")).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("network-destroy", $"uuid={uuid}")).ExitCode);
        Assert.Contains("vm-list", (await RunAsync("help", "--all")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_is_said_and_the_exit_code_tells()
    {
        var unknown = await RunAsync("vm-strat");
        Assert.Equal(("", 1), (unknown.Output, unknown.ExitCode));
        Assert.Contains("vm-start", unknown.Error, StringComparison.Ordinal);
        var refused = await RunAsync("vm-start", "uuid=00000000-0000-0000-0000-000000000000");
        Assert.Equal(1, refused.ExitCode);
        Assert.NotEqual("", refused.Error);
        var stranger = await ThinClient.RunAsync(Url, "root", "wrong", "vm-list");
        Assert.Equal(("The user name or the password is wrong, or could not be checked (Authentication failure).\nError code: SESSION_AUTHENTICATION_FAILED\nError parameters: root, Authentication failure\n", 1), (stranger.Error, stranger.ExitCode));
    }

    [Theory]
    [InlineData("vdi-export", "uuid=x", "filename=/etc/passwd")]
    [InlineData("vdi-import", "uuid=x", "filename=/etc/passwd")]
    public async Task No_file_of_the_server_is_touched(params string[] words)
    {
        var refused = await RunAsync(words);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("takes a file", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_is_not_written_to_a_file_of_the_server()
    {
        var target = Path.Combine(Path.GetTempPath(), $"redoubt-{Guid.NewGuid():N}");
        var refused = await RunAsync("dr-plan", $"inventory-to={target}");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("files of the machine", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("demo")]
    public async Task What_runs_on_a_machine_of_its_own_is_no_command_here(string command)
    {
        var refused = await RunAsync(command, "--data", "/tmp/x");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains($"There is no command '{command}'", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_session_of_a_command_ends_with_it()
    {
        await RunAsync("host-list");
        Assert.StartsWith("OpaqueRef:", _lastSession, StringComparison.Ordinal);
        using var http = new HttpClient();
        using var content = new StringContent($$"""{"method":"pool.get_all","params":["{{_lastSession}}"],"id":1}""");
        using var answer = await http.PostAsync(new Uri(Url, "/jsonrpc"), content, TestContext.Current.CancellationToken);
        Assert.Contains("SESSION_INVALID", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /cli HTTP/1.0\r\n\r\n")]
    [InlineData("POST /cli HTTP/1.0\r\ncontent-length: 99999999999\r\n\r\n")]
    [InlineData("POST /cli HTTP/1.0\r\ncontent-length: 100\r\n\r\nvm-list")]
    [InlineData("POST /cli HTTP/1.0\r\ncontent-length: -1\r\n\r\n")]
    [InlineData("POST /cl")]
    public async Task Half_a_request_is_refused_and_harms_nobody(string text)
    {
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(Url.Host, Url.Port, TestContext.Current.CancellationToken);
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);
            client.Client.Shutdown(SocketShutdown.Send);
            using var reader = new StreamReader(stream);
            Assert.Matches("^(HTTP/1.1 400 .*)?$", (await reader.ReadToEndAsync(TestContext.Current.CancellationToken)).Split("\r\n")[0]);
        }

        Assert.Equal(0, (await RunAsync("pool-list")).ExitCode);
    }

    [Fact]
    public async Task Mutated_requests_get_an_end()
    {
        var random = new Random(5);
        var good = Encoding.UTF8.GetBytes($"POST /cli HTTP/1.0\r\ncontent-length: 62\r\n\r\nvm-list\n--minimal\nparams=all\nusername=root\npassword={Password}");
        for (var i = 0; i < 150; i++)
        {
            var bytes = good.ToArray();
            for (var j = 0; j < 3; j++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            using var client = new TcpClient();
            await client.ConnectAsync(Url.Host, Url.Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(bytes.AsMemory(0, random.Next(1, bytes.Length + 1)), TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, (await RunAsync("pool-list")).ExitCode);
    }

    private Task<ThinClient> RunAsync(params string[] words) => ThinClient.RunAsync(Url, "root", Password, words);
}
