using Redoubt.Cli.Commands;
using Redoubt.XenApi;

namespace Redoubt.Cli.Tests;

/// <summary>Nothing that a guest, another pool or a server says makes a terminal do something, whichever command shows it.</summary>
public sealed class TerminalSafetyTests
{
    private const string Evil = "web\u001b]0;owned\u0007\u001b[2J\u009b1m\u0008\u007f";

    [Fact]
    public async Task No_command_prints_what_moves_the_terminal()
    {
        await using var pool = await Scene.StartAsync();
        const string uuid = "00000000-0000-4000-8000-0000000000aa";
        pool.Database.Add(
            new NetworkRecord
            {
                Uuid = uuid,
                NameLabel = Evil,
                NameDescription = Evil,
                Tags = [Evil],
                OtherConfig = new NetworkRecord().OtherConfig.Add(Evil, Evil),
            });
        string[] lines =
        [
            "network-list", "network-list --json", "network-list --minimal params=name-label", "network-list params=all",
            $"network-param-list uuid={uuid}", $"network-param-list uuid={uuid} --json",
            $"network-param-get uuid={uuid} param-name=name-label", $"network-param-get uuid={uuid} param-name=other-config",
            $"network-param-get uuid={uuid} param-name=tags --minimal",
        ];
        foreach (var line in lines)
        {
            AssertHarmless(line, await CliRun.AgainstAsync(pool, line), contains: "owned");
        }
    }

    /// <summary>Every message that a command sends is answered, or refused, with what a hostile server would say.</summary>
    [Fact]
    public async Task No_command_prints_raw_what_a_server_answers()
    {
        await using var pool = await Scene.StartAsync();
        foreach (var message in DataModel.Classes.Values.SelectMany(c => c.Messages.Values.Select(m => (Name: $"{c.Name}.{m.Name}", m.Result))).Where(m => m.Result?.Name == "string" && !m.Name.StartsWith("session.", StringComparison.Ordinal)))
        {
            pool.On(message.Name, _ => new WireString(Evil));
        }

        pool.On("VM.get_console_log", a => new WireString(FakeDatabase.Text(a[1]) == "0" ? Evil : ""));
        foreach (var command in CommandTable.Own)
        {
            var words = command.Required.Select(r => $"{r.TrimEnd(':')}={(r.Contains("uuid", StringComparison.Ordinal) ? Scene.WebUuid : r.Contains("file", StringComparison.Ordinal) ? "/nonexistent/x" : Evil)}");
            var run = await CliRun.RunAsync(["-s", pool.Url, "-pw", FakePool.Password, command.Name, .. words]);
            AssertHarmless(command.Name, run);
        }
    }

    [Theory]
    [InlineData("one\r\ntwo\r\n", "one\ntwo\n")]
    [InlineData("\u001b[0;1;31mFailed\u001b[0m\r\n", "Failed\n")]
    [InlineData("\u001b]0;title\u0007$ \u001b(Bls\u001bM", "$ ls")]
    [InlineData("\u001b]52;c;ZXZpbA==\u001b\\ok", "ok")]
    [InlineData("tab\there", "tab\there")]
    [InlineData("half \u001b[12", "half \\u001b[12")]
    [InlineData("\u001b\u001b[2J", "\\u001b")]
    public async Task A_guests_console_is_shown_as_text(string said, string shown)
    {
        await using var pool = await Scene.StartAsync();
        pool.On("VM.get_console_log", a => new WireString(FakeDatabase.Text(a[1]) == "0" ? said : ""));
        Assert.Equal(shown, (await CliRun.AgainstAsync(pool, $"console-log uuid={Scene.WebUuid}")).Output);
    }

    private static void AssertHarmless(string line, CliRun run, string contains = "")
    {
        Assert.Contains(contains, run.Output + run.Error, StringComparison.Ordinal);
        Assert.True(!(run.Output + run.Error).Any(c => c is not ('\n' or '\t') && char.IsControl(c)), $"{line}: {run.Output}{run.Error}");
    }
}
