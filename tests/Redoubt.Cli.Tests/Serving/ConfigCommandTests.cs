using System.Globalization;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Serving;

namespace Redoubt.Cli.Tests.Serving;

/// <summary>The configuration file: judged as a whole, explained by the table of options, and under what the command line says.</summary>
public sealed class ConfigCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-config-").FullName;

    [Fact]
    public async Task Everything_that_is_wrong_is_named_at_once_with_its_line()
    {
        var file = Write("""
            # a comment
            data = relative/path
            listen = http://0.0.0.0:80
            listen = https://127.0.0.1:8443
            liste = https://127.0.0.1:1
            name-label =
            name-label = one
            name-label = two
            hypervisor = xen:///
            root-password-file = /nowhere/at/all
            new-pool = true
            no equals sign
            """);
        var run = await CliRun.RunAsync(["config", "--check", file]);
        Assert.Equal(ExitCode.Failure, run.ExitCode);
        var lines = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            [2, 3, 5, 6, 8, 9, 10, 11, 12],
            lines.Where(l => l.StartsWith(file + ":", StringComparison.Ordinal)).Select(l => l[(file.Length + 1)..].Split(':')[0])
                .Where(n => n.All(char.IsDigit)).Select(n => int.Parse(n, CultureInfo.InvariantCulture)));
        Assert.Contains("'data' is missing", run.Error, StringComparison.Ordinal);
        Assert.Contains("stands in line 7 already", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_config_explain_prints_can_be_used_and_says_every_option_that_a_file_may_have()
    {
        var explained = (await CliRun.RunAsync(["config", "--explain"])).Output;
        var file = Write(explained);
        Assert.Equal(ExitCode.Success, (await CliRun.RunAsync(["config", "--check", file])).ExitCode);
        Assert.All(
            ServeOptions.All,
            o => Assert.Equal(
                !o.IsForOneStart, explained.Split('\n').Any(l => l.TrimStart('#').StartsWith($"{o.Name} = ", StringComparison.Ordinal))));

        // Whoever takes the # away gets something that is no nonsense either.
        var (_, problems) = ServeConfigFile.Parse(
            "f", string.Join('\n', explained.Split('\n').Select(l => l.StartsWith("# ", StringComparison.Ordinal) ? l : l.TrimStart('#'))));
        Assert.All(problems, p => Assert.Matches("'(root-password|metrics-token|webhook-secret|mail-login)-file'", p));
    }

    [Fact]
    public void A_file_says_what_the_command_line_does_not()
    {
        var file = Write($"""
            data = {_root}/from-file
            listen = https://127.0.0.1:1
            listen = https://127.0.0.1:2
            name-label = from the file
            sr-root = /srv/one
            sr-root = /srv/two
            """);
        var config = ServeCommand.Parse(["--config", file, "--listen", "https://127.0.0.1:3", "--name-label=from the line"]);
        Assert.Equal($"{_root}/from-file", config.DataDirectory);
        Assert.Equal(["https://127.0.0.1:3"], config.ListenUrls);
        Assert.Equal("from the line", config.NameLabel);
        Assert.Equal(["/srv/one", "/srv/two"], config.StorageRoots);
    }

    [Fact]
    public void A_daemon_does_not_start_on_half_a_file()
    {
        var refused = Assert.Throws<UsageException>(
            () => ServeCommand.Parse(["--config", Write("data = /a\nlisten = nonsense\nwhat = ever")]));
        Assert.Contains(":2:", refused.Message, StringComparison.Ordinal);
        Assert.Contains(":3:", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'listen' is missing", Assert.Throws<UsageException>(
            () => ServeCommand.Parse(["--config", Write("data = /a")])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("webhook = https://example.org/hook", "'webhook' needs 'webhook-secret-file'")]
    [InlineData("mail-to = ops@example.org", "'mail-to' needs 'mail-server'")]
    [InlineData("mail-server = mail.example.org", "'mail-server' needs 'mail-from'")]
    [InlineData("webhook = http://example.org/hook", "Plain HTTP is for this machine only")]
    [InlineData("mail-to = nobody", "is no address of mail")]
    [InlineData("mail-server = a b", "is no HOST")]
    [InlineData("notify-priority = 6", "is no priority")]
    public async Task Whom_nobody_could_send_to_is_found_before_anything_happens(string line, string said)
    {
        var run = await CliRun.RunAsync(["config", "--check", Write($"data = /a\nlisten = https://127.0.0.1:0\n{line}\n")]);
        Assert.Equal(ExitCode.Failure, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        var option = line.Split(" = ");
        string[] words = ["--data", "/a", "--listen", "https://127.0.0.1:0", $"--{option[0]}", option[1]];
        Assert.Contains(said, Assert.Throws<UsageException>(() => ServeCommand.Parse(words)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_of_notices_says_what_became_of_each()
    {
        var nobody = await CliRun.RunAsync(["notify-test", "--data", "/a", "--listen", "https://127.0.0.1:0"]);
        Assert.Contains("Nobody is told", nobody.Error, StringComparison.Ordinal);
        var run = await CliRun.RunAsync(
            ["notify-test", "--data", "/a", "--listen", "https://127.0.0.1:0", "--syslog", "127.0.0.1:9", "--syslog", "/nowhere/at/all"]);
        Assert.Equal(ExitCode.Failure, run.ExitCode);
        Assert.Contains("sent    syslog 127.0.0.1:9", run.Output, StringComparison.Ordinal);
        Assert.Contains("FAILED  syslog /nowhere/at/all: ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_says_what_is_wrong_with_each_thing_and_leaves_nothing_behind()
    {
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var port = ((System.Net.IPEndPoint)taken.LocalEndpoint).Port;
        var run = await CliRun.RunAsync(
        [
            "doctor", "--data", $"{_root}/data", "--listen", $"http://127.0.0.1:{port}", "--hypervisor", "test:///default", "--sr-root",
            "/nowhere/at/all", "--sr-root", _root, "--member-port", $"{port}",
        ]);
        Assert.Equal(ExitCode.Failure, run.ExitCode);
        Assert.Contains($"BAD      http://127.0.0.1:{port}: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("BAD      /nowhere/at/all: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("hypervisor: TEST", run.Output, StringComparison.Ordinal);
        Assert.Matches($"WARNING  etcd: etcd Version: [0-9.]+\\. Port {port} is taken", run.Output);
        Assert.Matches("A small durable write takes [0-9.]+ ms", run.Output);
        Assert.Contains("2 to mend", run.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_root));
    }

    [Fact]
    public async Task Doctor_says_that_a_pool_can_run_where_one_can()
    {
        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Any, 0);
        free.Start();
        var members = ((System.Net.IPEndPoint)free.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        free.Stop();
        string[] words =
            ["doctor", "--data", $"{_root}/data", "--listen", "https://127.0.0.1:0", "--member-port", members, "--hypervisor"];
        var run = await CliRun.RunAsync([.. words, "test:///default"]);
        Assert.Equal(ExitCode.Success, run.ExitCode);
        Assert.Contains("A pool can run here", run.Output, StringComparison.Ordinal);
        Assert.Matches("ok       etcd: etcd Version: [0-9.]+\\. A pool of one host does not start it\\.", run.Output);
        var wrong = await CliRun.RunAsync([.. words, "test:///nothing"]);
        Assert.Equal(ExitCode.Failure, wrong.ExitCode);
    }

    [Fact]
    public async Task Doctor_refuses_the_directory_that_the_daemon_would()
    {
        var open = Directory.CreateDirectory(Path.Combine(_root, "open")).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)511);
        var data = Directory.CreateDirectory(Path.Combine(open, "data")).FullName;
        var run = await CliRun.RunAsync(["doctor", "--data", data, "--listen", "https://127.0.0.1:0", "--hypervisor", "test:///default"]);
        Assert.Equal(ExitCode.Failure, run.ExitCode);
        Assert.Contains($"BAD      {data}: Anybody can replace {data}", run.Output, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Write(string text)
    {
        var path = Path.Combine(_root, $"{Guid.NewGuid():N}.conf");
        File.WriteAllText(path, text);
        return path;
    }
}
