using System.Text.RegularExpressions;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Fields;
using Redoubt.Cli.Output;
using Redoubt.Server;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

/// <summary>What the command line offers, our own server knows: every command of the table is sent to a real one.</summary>
public sealed partial class OfferedTests : IAsyncLifetime
{
    private const string RootPassword = "correct horse battery";
    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-offered-").FullName;
    private PoolServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_root, "password"), RootPassword);
        Directory.CreateDirectory(Path.Combine(_root, "sr"));
        _server = await PoolServer.StartAsync(
            new()
            {
                DataDirectory = Path.Combine(_root, "data"),
                ListenUrls = ["http://127.0.0.1:0"],
                RootPasswordFile = Path.Combine(_root, "password"),
                HypervisorUri = "test:///default",
            },
            TimeProvider.System,
            CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Every_command_sends_what_the_server_knows()
    {
        var objects = await ObjectsAsync();
        var unknown = new List<string>();

        // What removes things comes last, and what ends the root password after all others.
        foreach (var command in CommandTable.Own.OrderBy(c => c.Name is "user-password-change" ? 2 : Removing().IsMatch(c.Name) ? 1 : 0))
        {
            foreach (var optional in command.Optional.Where(o => o is "online" or "force" or "paused" or "metadata" or "json" or "test" or "multiple").Select(o => $"{o}=true").Prepend(""))
            {
                var words = command.Required.Select(p => $"{p}={Value(command.Name, p, objects)}").Concat(Choice(command.Name, objects))
                    .Append(optional).Where(w => w.Length > 0);
                var run = await RunAsync([command.Name, .. words.Distinct()]);
                if (run.Error.Contains("MESSAGE_METHOD_UNKNOWN", StringComparison.Ordinal)
                    || run.Error.Contains("it has no ", StringComparison.Ordinal))
                {
                    unknown.Add($"{command.Name} {optional}: {run.Error}");
                }
            }
        }

        Assert.Equal("", string.Join("\n", unknown));
    }

    [Fact]
    public async Task Every_class_is_listed()
    {
        foreach (var of in XeClasses.All)
        {
            Assert.Equal(
                (of.Prefix, 0, ""),
                await RunAsync([$"{of.Prefix}-list", "params=all"]) is var run ? (of.Prefix, run.ExitCode, run.Error) : default);
        }
    }

    [Fact]
    public async Task A_storage_driver_names_no_feature_that_no_message_offers()
    {
        var answered = await AnsweredAsync();
        var features = (await RunAsync(["sm-list", "params=features", "--minimal"])).Output;
        foreach (var (feature, message) in new[] { ("VDI_SNAPSHOT", "VDI.snapshot"), ("VDI_UPDATE", "VDI.update"), ("VDI_CLONE", "VDI.clone"), ("VDI_RESIZE", "VDI.resize"), ("SR_PROBE", "SR.probe") })
        {
            Assert.Equal((feature, answered.Contains(message)), (feature, features.Contains(feature, StringComparison.Ordinal)));
        }
    }

    /// <summary>Sentences for people name commands; whoever follows one must find it.</summary>
    [Fact]
    public void Only_commands_that_exist_are_recommended()
    {
        var prefixes = XeClasses.All.Select(c => c.Prefix).Concat(CommandTable.Own.Select(c => c.Name.Split('-')[0])).Distinct().ToList();
        var wrong = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.EndsWith("XeErrorTable.cs", StringComparison.Ordinal)))
        {
            foreach (var line in File.ReadLines(file).Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal)))
            {
                wrong.AddRange(Recommended().Matches(line).Select(m => m.Groups["name"].Value)
                    .Where(
                        n => n != NoCommand && prefixes.Contains(n.Split('-')[0]) && Verbs().IsMatch(n) && CommandTable.Find(n) is null
                            && !LocalCommands.All.ContainsKey(n))
                    .Select(n => $"{Path.GetFileName(file)}: {n}"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join("; ", wrong.Distinct()));
    }

    private static IEnumerable<string> Choice(string command, Dictionary<string, string> objects) => command switch
    {
        "vm-export" or "vm-import" => ["metadata=true", .. command == "vm-export" ? [$"uuid={objects["vm"]}"] : Array.Empty<string>()],
        "message-create" => [$"vm-uuid={objects["vm"]}"],
        "secret-create" => ["value=x"],
        "user-password-change" => ["old=no", "new=no"],
        "user-create" or "user-password-set" => [],
        _ when command.StartsWith("vm-", StringComparison.Ordinal) && CommandTable.Find(command)!.OtherNames is not null =>
            [$"uuid={objects["vm"]}"],
        _ when command.EndsWith("-recover", StringComparison.Ordinal) || command.EndsWith("-recovered", StringComparison.Ordinal) =>
            [$"database:vdi-uuid={objects["metadata"]}"],
        _ => [],
    };

    private string Value(string command, string parameter, Dictionary<string, string> objects) => parameter switch
    {
        "uuid" => objects.GetValueOrDefault(command.Split('-')[0], Guid.NewGuid().ToString()),
        _ when parameter.EndsWith("-uuid", StringComparison.Ordinal) =>
            objects.GetValueOrDefault(parameter[..^5], Guid.NewGuid().ToString()),
        "type" => "file",
        "filename" or "file-name" => Path.Combine(_root, Guid.NewGuid().ToString("N")),
        "device" => "autodetect",
        "virtual-size" or "disk-size" => "1MiB",
        "role" or "role-name" => "read-only",
        "interval" => "off",
        "cron" => "0 0 1 1 *",
        "class" => "network",
        "priority" => "5",
        "static-min" or "dynamic-min" or "dynamic-max" or "static-max" or "min" or "max" => "64MiB",
        "address" => "127.0.0.1:1",
        "answer" => "yes",
        _ => "x",
    };

    private async Task<Dictionary<string, string>> ObjectsAsync()
    {
        async Task<string> MakeAsync(params string[] words)
        {
            var run = await RunAsync(words);
            Assert.Equal((0, ""), (run.ExitCode, run.Error));
            return run.Output.TrimEnd('\n');
        }

        var made = new Dictionary<string, string>
        {
            ["sr"] = await MakeAsync("sr-create", "name-label=s", "type=file", $"device-config:location={Path.Combine(_root, "sr")}"),
            ["vm"] = await MakeAsync("vm-create", "name-label=v", "memory=64MiB"),
            ["appliance"] = await MakeAsync("appliance-create", "name-label=a"),
            ["network"] = await MakeAsync("network-create", "name-label=n"),
            ["host"] = await MakeAsync("host-list", "--minimal"),
            ["pool"] = await MakeAsync("pool-list", "--minimal"),
            ["pbd"] = await MakeAsync("pbd-list", "--minimal"),
            ["secret"] = await MakeAsync("secret-create", "value=v"),
        };
        made["vdi"] = await MakeAsync("vdi-create", $"sr-uuid={made["sr"]}", "name-label=d", "virtual-size=1MiB");
        made["vbd"] = await MakeAsync("vbd-create", $"vm-uuid={made["vm"]}", "device=0", "type=CD", "mode=RO");
        made["vif"] = await MakeAsync("vif-create", $"vm-uuid={made["vm"]}", "device=0", $"network-uuid={made["network"]}");
        await MakeAsync("sr-enable-database-replication", $"uuid={made["sr"]}");
        made["metadata"] = await MakeAsync("vdi-list", "type=Metadata", "--minimal");
        await MakeAsync("message-create", "name=m", "priority=5", $"vm-uuid={made["vm"]}");
        made["message"] = (await MakeAsync("message-list", "name=m", "--minimal")).Split(',')[0];
        return made;
    }

    private async Task<HashSet<string>> AnsweredAsync()
    {
        await using var api = new XenApiClient(new Uri(_server.Urls[0]), _ => true, TimeProvider.System);
        await api.LoginAsync("root", RootPassword, TestContext.Current.CancellationToken);
        return [.. (await api.CallRawAsync("system.listMethods", [], TestContext.Current.CancellationToken)).AsArray("names")
            .Select(n => n.AsString("name"))];
    }

    private async Task<CliRun> RunAsync(IReadOnlyList<string> words)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(new Terminal(output, error, isInteractive: false), Path.Combine(_root, "known-pools"), TimeProvider.System);
        var code = await app.RunAsync(["-s", _server.Urls[0], "-pw", RootPassword, .. words], null, TestContext.Current.CancellationToken);
        return new(code, output.ToString(), error.ToString());
    }

    [GeneratedRegex("destroy|forget|remove|unplug|disable|restore|purge", RegexOptions.ExplicitCapture)]
    private static partial Regex Removing();

    [GeneratedRegex(@"(?<![\w./-])(?<name>[a-z]+(-[a-z]+)+)(?![\w.-]*\w)", RegexOptions.ExplicitCapture)]
    private static partial Regex Recommended();

    // A key of other_config that ends as a command could.
    private const string NoCommand = "console-log-start";

    // A name that ends so means a command; others are parameters, findings and the like.
    [GeneratedRegex("-(list|create|destroy|start|shutdown|plug|unplug|move|add|remove|set|get|forget|scan|probe|resume|recover|import|export|clone|resize|cancel|undo|answer|insert|eject|copy)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Verbs();
}
