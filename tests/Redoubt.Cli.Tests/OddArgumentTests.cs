using FsCheck;
using FsCheck.Fluent;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Fields;

namespace Redoubt.Cli.Tests;

/// <summary>
/// Whatever the words are, the program says what is wrong with them and never breaks: every command, with values that nobody expected.
/// </summary>
public sealed class OddArgumentTests
{
    private static readonly string[] Odd =
    [
        "", " ", "/", "/dev/null", "/nonexistent/dir/file", "..", "\0", "a\0b", "\n", "-", "--", "=", ":", ",", ",,", "true", "yes", "-1",
        "0", "9223372036854775807",
        "-9223372036854775808", "99999999999999999999", "1e999", "NaN", "∞", "💥", "\uD800", "%s%n", "{0}", "{", "[]", "<a>", "'", "\"",
        "\\", "OpaqueRef:NULL", "OpaqueRef:",
        Scene.WebUuid, Scene.DiskUuid, Scene.SrUuid, Scene.MetadataUuid, Scene.HostUuid, Scene.AppUuid, "all", "json", "1 2 3 4 5",
        "* * * * *", "1900-01-01T00:00:00Z", "user", "disk",
        "http://", "https://[::1]:x", "[::1]:8934", "ask", "failover", new string('x', 5000),
    ];

    private static readonly IReadOnlyList<Command> All = [.. CommandTable.Own, .. XeClasses.All.SelectMany(ClassCommands.Of)];

    [Fact]
    public async Task No_command_breaks_whatever_its_parameters()
    {
        await using var pool = await Scene.StartAsync();
        var lines = from command in Gen.Elements(All.ToArray())
                    from taken in Gen.SubListOf(command.Required.Concat(command.Optional).ToArray())
                    from others in Gen.ListOf(
                        Gen.Elements(
                            "params", "param-name", "param-key", "vm", "uuid", "name-label", "tags:contains", "other-config:x", "x", "x:y",
                            "--force", "--multiple", "--json", "bare"))
                    from values in Gen.ListOf(Gen.Elements(Odd), taken.Count + others.Count)
                    from whole in Gen.Elements(true, true, false)
                    let names = (whole ? command.Required : []).Concat(taken).Concat(others.Take(2)).Distinct()
                    select (string[])[command.Name, .. names.Zip(values.Concat(Odd), Word)];
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(3000).WithQuietOnSuccess(true),
            Prop.ForAll(lines.ToArbitrary(), words =>
            {
                var run = CliRun.RunAsync(["-s", pool.Url, "-pw", FakePool.Password, .. words]).GetAwaiter().GetResult();
                Assert.True(!run.Error.Contains(App.Fault, StringComparison.Ordinal), string.Join(' ', words) + "\n" + run.Error);
                Assert.True(run.ExitCode is >= 0 and <= 6, $"{run.ExitCode}");
            }));

        // What was refused was refused for its words: the pool that they were spoken to answers still.
        Assert.Equal(0, (await CliRun.RunAsync(["-s", pool.Url, "-pw", FakePool.Password, "vm-list"])).ExitCode);
    }

    [Fact]
    public void No_command_of_this_machine_breaks_whatever_its_words()
    {
        string[] odd = [.. Odd.Where(o => o.Length < 100 && o is not "/")];
        string[] options =
        [
            "--data", "--listen", "--vm", "--at", "--json", "--keep", "--guest", "--without", "--new-pool", "--help", "-s", "-p", "-u", "-pw",
            "-pwf", "--config", "--check", "--key", "--join", "--member-port",
        ];
        var lines = from name in Gen.Elements(
            [.. LocalCommands.All.Keys, "-s", "-p", "-pwf", "--", "", "="])
                    from words in Gen.ListOf(Gen.Elements([.. odd, .. options]))
                    where !Runs(name, words)
                    select (string[])[name, .. words];
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true), Prop.ForAll(lines.ToArbitrary(), RequireWords));

        // One word alone is rarely drawn.
        foreach (var (name, word) in LocalCommands.All.Keys.SelectMany(n => odd.Select(o => (n, o))).Where(l => !Runs(l.n, [l.o])))
        {
            RequireWords([name, word]);
        }

        static void RequireWords(string[] words)
        {
            var run = CliRun.RunAsync(words).GetAwaiter().GetResult();
            Assert.True(!run.Error.Contains(App.Fault, StringComparison.Ordinal), string.Join(' ', words) + "\n" + run.Error);
        }
    }

    // What would run a daemon or a witness in some directory, or open a hypervisor.
    private static bool Runs(string name, List<string> words) => name switch
    {
        "serve" or "notify-test" => words.Contains("--listen"),
        "doctor" => words.Count == 0 || words.Contains("--listen"),
        "witness" => words.Contains("--data"),
        "check-hypervisor" => words.Count == 1,
        _ => false,
    };

    // Files that commands may make lie where nothing else does, and none is made beside the test.
    private static string Word(string name, string value) => name.StartsWith("--", StringComparison.Ordinal) || name == "bare" ? name
        : name.EndsWith(':') ? $"{name}{(value.Length > 20 ? "k" : value)}={value}"
        : name.Contains("file", StringComparison.Ordinal) || name is "inventory-to" ? $"{name}={(value is "" or "/dev/null" || value.Contains('/', StringComparison.Ordinal) || value.Contains('\0', StringComparison.Ordinal) ? value : "/nonexistent/" + value)}"
        : $"{name}={value}";
}
