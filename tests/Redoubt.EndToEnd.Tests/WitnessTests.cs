using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Two hosts and a witness: each of the three may be lost.</summary>
public sealed class WitnessTests : IAsyncDisposable
{
    private readonly PoolOfHosts _hosts = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pool_of_two_with_a_witness_goes_on_when_one_of_the_three_is_lost()
    {
        await _hosts.StartAsync("a", ServeRun.TestDriver);
        await _hosts.StartAsync("b", ServeRun.TestDriver);
        await _hosts.JoinAsync("b", "a");
        var (a, b) = (_hosts["a"], _hosts["b"]);
        var password = Path.Combine(_hosts.Root, "password-alone");
        await File.WriteAllTextAsync(password, $"{_hosts.Password}\n", Stop);
        var witness = await WitnessAsync("--join", a.Url!.Authority, "--password-file", password, "--member-port", "0");
        var uuid = "";
        try
        {
            string vm;
            await using (var api = await _hosts.LogInAsync("a"))
            {
                await Patience.UntilAsync(
                    async () => await ListAsync(a) is [_, var line]
                        && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var id, _, "true", "true"] && (uuid = id).Length > 0,
                    "the witness is there, and has its vote");
                Assert.Equal(uuid, (await Shell.RunAsync(a, _hosts.Password, "witness-list", "--minimal")).Trim());
                Assert.Contains(
                    $"\"uuid\": \"{uuid}\"", await Shell.RunAsync(a, _hosts.Password, "witness-list", "json=true"),
                    StringComparison.Ordinal);
                vm = (await api.CallAsync<Ref<VmRecord>>("VM.create", [SeveralHostsTests.NewVm("before")], Stop)).Opaque;
            }

            // The coordinator is lost.
            await _hosts.KillAsync("a");
            var began = Stopwatch.GetTimestamp();
            await _hosts.UntilLoginAsync("b", "", "the other host has taken over");
            TestContext.Current.TestOutputHelper?.WriteLine($"The other of two took over within {Stopwatch.GetElapsedTime(began)}.");
            await RenameAsync("b", vm, "by the second");
            Assert.Contains("redoubt serve", await RefusedAsync("witness", "--data", _hosts.PathOf("a")), StringComparison.Ordinal);

            // The witness as well: one of three acknowledges nothing, until the witness is back.
            await KillAsync(witness);
            await _hosts.UntilLoginAsync("b", "HOST_STILL_BOOTING", "one of three is no majority");
            witness = await WitnessAsync();
            await _hosts.UntilLoginAsync("b", "", "with the witness there is one");
            await RenameAsync("b", vm, "with the witness");

            // Both hosts, and no witness: that is said, and it is removed.
            await _hosts.StartAgainAsync("a", isElsewhere: true);
            await _hosts.UntilMemberAsync("a", "b");
            await KillAsync(witness);
            var refused = await RefusedAsync("serve", "--data", _hosts.PathOf("w"), "--listen", "https://127.0.0.1:0");
            Assert.Contains("redoubt witness", refused, StringComparison.Ordinal);
            await Patience.UntilAsync(
                async () =>
                {
                    await using var api = await _hosts.LogInAsync("b");
                    var told = (await api.GetAllRecordsAsync<MessageRecord>(Stop)).Values
                        .Where(m => m.Name.StartsWith("WITNESS_", StringComparison.Ordinal)).OrderBy(m => m.Timestamp).ToList();
                    Assert.All(told, m => Assert.Contains(uuid, m.Body, StringComparison.Ordinal));
                    var said = told.Select(m => m.Name).ToList();

                    // Whoever was the coordinator: of each that is told, nothing is told twice.
                    Assert.DoesNotContain(said.Zip(said.Skip(1)), s => s.First == s.Second);
                    return said.LastOrDefault() == "WITNESS_LOST";
                },
                "people are told that the witness is lost");
            Assert.Contains(" false ", (await ListAsync(b))[1], StringComparison.Ordinal);
            await Shell.RunAsync(b, _hosts.Password, "witness-eject", $"uuid={uuid}");
            Assert.Single(await ListAsync(b));
            await RenameAsync("b", vm, "of two");
        }
        finally
        {
            await KillAsync(witness);
        }
    }

    public ValueTask DisposeAsync() => _hosts.DisposeAsync();

    private async Task RenameAsync(string host, string vm, string name)
    {
        await using var api = await _hosts.LogInAsync(host);
        await api.CallAsync("VM.set_name_label", [vm, name], Stop);
        Assert.Equal(name, await api.CallAsync<string>("VM.get_name_label", [vm], Stop));
    }

    private async Task<Process> WitnessAsync(params string[] options)
    {
        var witness = Start(["witness", "--data", _hosts.PathOf("w"), .. options]);
        var first = await witness.StandardOutput.ReadLineAsync(Stop);
        Assert.True(
            first?.StartsWith("redoubt: witness ", StringComparison.Ordinal),
            first ?? await witness.StandardError.ReadToEndAsync(Stop));
        return witness;
    }

    private static async Task<string> RefusedAsync(params string[] words)
    {
        using var run = Start(words);
        var error = await run.StandardError.ReadToEndAsync(Stop);
        await run.WaitForExitAsync(Stop);
        Assert.NotEqual(0, run.ExitCode);
        return error;
    }

    private static Process Start(IEnumerable<string> words) => Process.Start(new ProcessStartInfo(Bench.Program, words)
    {
        UseShellExecute = false,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task KillAsync(Process witness)
    {
        if (!witness.HasExited)
        {
            witness.Kill();
            await witness.WaitForExitAsync(CancellationToken.None);
        }
    }

    private async Task<string[]> ListAsync(ServeRun at) =>
        (await Shell.RunAsync(at, _hosts.Password, "witness-list")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
