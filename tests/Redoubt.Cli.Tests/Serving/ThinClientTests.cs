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
        Assert.Equal(
            ("Authentication failed\nThe user name or the password is wrong, or could not be checked (Authentication failure).\n", 1),
            (stranger.Error, stranger.ExitCode));
    }

    [Fact]
    public async Task A_disk_goes_out_and_in_by_way_of_files_of_the_client()
    {
        var disk = await CreateDiskAsync();
        var (whole, copy) = (Path.Combine(_root, "in.raw"), Path.Combine(_root, "out.raw"));
        var content = new byte[1 << 20];
        new Random(7).NextBytes(content);
        await File.WriteAllBytesAsync(whole, content, TestContext.Current.CancellationToken);
        Assert.Equal(("", 0), Told(await RunAsync("vdi-import", $"uuid={disk}", $"filename={whole}")));
        Assert.Equal(("", 0), Told(await RunAsync("vdi-export", $"uuid={disk}", $"filename={copy}")));
        Assert.Equal(content, await File.ReadAllBytesAsync(copy, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Metadata_and_the_database_go_the_same_way_and_what_is_said_of_them_comes_back()
    {
        var vm = (await RunAsync("vm-create", "name-label=one", "memory=64MiB")).Output.Trim();
        var (archive, dump) = (Path.Combine(_root, "one.xva"), Path.Combine(_root, "dump.xml"));
        Assert.Equal(("", 0), Told(await RunAsync("vm-export", $"uuid={vm}", "metadata=true", $"filename={archive}")));
        var made = await RunAsync("vm-import", "metadata=true", $"filename={archive}");
        Assert.Equal(("", 0), Told(made));
        Assert.Matches("^[-0-9a-f]{36}\n$", made.Output);
        Assert.NotEqual(vm, made.Output.Trim());
        Assert.Equal(("", 0), Told(await RunAsync("pool-dump-database", $"file-name={dump}")));
        Assert.EndsWith(
            "Dry run: nothing has been changed.\n", (await RunAsync("pool-restore-database", $"file-name={dump}", "dry-run=true")).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_on_either_side_is_told_and_no_file_is_made_of_it()
    {
        var disk = await CreateDiskAsync();
        var missing = await RunAsync("vdi-import", $"uuid={disk}", $"filename={_root}/missing");
        Assert.Equal(($"Your client could not send {_root}/missing.\n", 1), Told(missing));
        var large = Path.Combine(_root, "large.raw");
        await File.WriteAllBytesAsync(large, new byte[8 << 20], TestContext.Current.CancellationToken);
        Assert.Contains(
            "larger than", (await RunAsync("vdi-import", $"uuid={disk}", $"filename={large}")).Error, StringComparison.OrdinalIgnoreCase);
        var target = Path.Combine(_root, "none");
        var stranger = await RunAsync("vdi-export", "uuid=00000000-0000-0000-0000-000000000000", $"filename={target}");
        Assert.Contains("UUID_INVALID", stranger.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(target));
        Assert.Contains(
            "database:filename= names a file of the server",
            (await RunAsync("vm-export", "vm=x", "metadata=true", $"filename={target}", "database:filename=/etc/passwd")).Error,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    public async Task Nobody_gets_at_a_file_that_was_not_offered(string method)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new(method), new Uri(Url, $"/cli/files/{new string('0', 48)}"));
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
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
        Assert.Contains(
            "SESSION_INVALID", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
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
        var good = Encoding.UTF8.GetBytes(
            $"POST /cli HTTP/1.0\r\ncontent-length: 62\r\n\r\nvm-list\n--minimal\nparams=all\nusername=root\npassword={Password}");
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

    private static (string Error, int ExitCode) Told(ThinClient client) => (client.Error, client.ExitCode);

    private async Task<string> CreateDiskAsync()
    {
        var host = (await RunAsync("host-list", "--minimal")).Output.Trim();
        var sr = (await RunAsync("sr-create", $"host-uuid={host}", "type=file", "name-label=s", $"device-config:location={Directory.CreateDirectory(Path.Combine(_root, "sr")).FullName}")).Output.Trim();
        return (await RunAsync("vdi-create", $"sr-uuid={sr}", "name-label=d", "virtual-size=1MiB")).Output.Trim();
    }
}
