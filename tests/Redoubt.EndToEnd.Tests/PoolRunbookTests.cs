using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// docs/operating/pools.md, command by command: two servers become a pool, get a witness, move a VM, lose a host and then the majority,
/// and come apart again. A guest counts all the while, so that its log says what it has gone through.
/// </summary>
[Trait("Needs", "guest")]
public sealed class PoolRunbookTests : IAsyncLifetime
{
    private readonly PoolOfHosts _hosts = new();
    private Runbook _page = null!;
    private Process? _witness;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _page = new("pools.md", Path.Combine(_hosts.Root, "home"));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await KillWitnessAsync();
        await _hosts.DisposeAsync();
    }

    [Fact]
    public async Task Every_command_of_the_page_does_what_the_page_says()
    {
        var password = Path.Combine(_hosts.Root, "password-alone");
        await File.WriteAllTextAsync(password, $"{_hosts.Password}\n", Stop);
        (_page["FILE"], _page["PASSWORD_FILE"], _page["MEMBER_PORT"]) = (_hosts.PasswordFile, password, "0");
        await Task.WhenAll(_hosts.StartAsync("a"), _hosts.StartAsync("b"));

        // What you see, and what to do.
        Ask("a");
        await _page.RunAsync("host-list");
        await _page.RunAsync("pool-list");
        await _page.RunAsync("witness-list");
        await _page.RunAsync("dr-status");

        // Two servers to a pool.
        _page["COORDINATOR"] = _hosts["a"].Url!.Authority;
        var join = _page.Take("pool-join");
        await JoinAsync("b", join);

        // A witness, which is started once more.
        var witness = _page.Take("witness");
        Assert.Contains("--join", witness, StringComparison.Ordinal);
        _page["WITNESS_DATA"] = Path.Combine(_hosts.Root, "w");
        await StartWitnessAsync(witness);
        await UntilWitnessAsync("a");
        await KillWitnessAsync();
        await StartWitnessAsync(_page.Take("witness"));
        await UntilWitnessAsync("a");

        // The coordinator is lost, and with it the whole machine, its guest too.
        var (vm, uuid) = await MakeVmAsync();
        _page["VM"] = uuid;
        await CountsOnAsync("a", vm, "a", 1);
        await _hosts.LoseAsync("a");
        await _hosts.UntilLoginAsync("b", "", "b coordinates");
        Ask("b");
        await UntilLiveAsync("b", "a", false);
        await _page.RunAsync("dr-run-list");
        Assert.Contains("false", await _page.RunAsync("host-list"), StringComparison.Ordinal);

        // That host is lost for good: its VM is started elsewhere by the same word, and when it is back it has nothing of it.
        await ForHostAsync("host-declare-dead", "a");
        await CountsOnAsync("b", vm, "b", 1);
        await _hosts.StartAgainAsync("a");
        await _hosts.UntilMemberAsync("a", "b");
        await UntilWholeAsync("b");
        Assert.Empty(GuestProcesses.Below(_hosts.PathOf("a")));
        await ForHostAsync("host-enable", "a");

        // Where VMs run; a member is asked, and sends on.
        Ask("a");
        await StopAsync(vm);
        await ForHostAsync("vm-start", "a");
        await CountsOnAsync("b", vm, "a", 2);
        await ForHostAsync("vm-migrate", "b");
        await CountsOnAsync("b", vm, "b", 1);
        await ForHostAsync("host-disable", "b");
        await ForHostAsync("host-evacuate", "b");
        await CountsOnAsync("b", vm, "a", 2);
        await ForHostAsync("host-enable", "b");

        // Another coordinator.
        await ForHostAsync("pool-designate-new-master", "a");
        await _hosts.UntilLoginAsync("a", "", "a coordinates");
        await _hosts.UntilMemberAsync("b", "a");
        await UntilLiveAsync("a", "b", true);

        // A third host, by the same line.
        await _hosts.StartAsync("c");
        await JoinAsync("c", join);

        // The majority is gone: two hosts and the witness. The guest of the one that is left counts on.
        await _hosts.LoseAsync("b");
        await _hosts.LoseAsync("c");
        await KillWitnessAsync();
        await _hosts.UntilLoginAsync("a", "HOST_STILL_BOOTING", "one of four is no majority");
        _page["SURVIVOR"] = _hosts["a"].Url!.Authority;
        _page["HOSTS"] = "b,c";
        await _page.RunAsync("pool-emergency-transition-to-master");
        await _hosts.UntilLoginAsync("a", "", "the survivor answers");
        await CountsOnAsync("a", vm, "a", 2);
        await _hosts.StartAgainAsync("b");
        await _hosts.UntilLoginAsync("b", "HOST_STILL_BOOTING", "b is alone with what it was");
        var fetched = await _page.RunAsync("pool-recover-slaves");
        Assert.Equal(await UuidAsync("a", "b"), fetched.Trim());
        await _hosts.UntilMemberAsync("b", "a");
        await UntilLiveAsync("a", "b", true);

        // The other one is sent there by itself.
        await _hosts.StartAgainAsync("c");
        await _hosts.UntilLoginAsync("c", "HOST_STILL_BOOTING", "c is alone with what it was");
        await UntilLiveAsync("a", "c", false);
        _page["HOST_THAT_IS_BACK"] = _hosts["c"].Url!.Authority;
        await _page.RunAsync("pool-emergency-reset-master");
        await _hosts.UntilMemberAsync("c", "a");
        await UntilLiveAsync("a", "c", true);

        // Leaving. A witness joins anew first, in a new directory, so that the other host may be lost.
        _page["COORDINATOR"] = _hosts["a"].Url!.Authority;
        _page["WITNESS_DATA"] = Path.Combine(_hosts.Root, "w-2");
        await StartWitnessAsync(witness);
        await UntilWitnessAsync("a");
        await _hosts.LoseAsync("b");
        await UntilLiveAsync("a", "b", false);
        await ForHostAsync("host-forget", "b");
        Assert.Equal(["a", "c"], await NamesAsync("a"));
        await ForHostAsync("pool-eject", "c");
        Assert.Equal(["a"], await NamesAsync("a"));
        _page["WITNESS"] = await UntilWitnessAsync("a");
        await _page.RunAsync("witness-eject");
        Assert.Equal("", (await Shell.RunAsync(_hosts["a"], _hosts.Password, "witness-list", "--minimal")).Trim());
        await CountsOnAsync("a", vm, "a", 2);
        Assert.Empty(_page.Left);
    }

    private void Ask(string host) => _page.Asked = $"-s,{_hosts[host].Url!.Authority},-pwf,{_hosts.PasswordFile}";

    private async Task<IEnumerable<string>> NamesAsync(string coordinator) =>
        (await Shell.RunAsync(_hosts[coordinator], _hosts.Password, "host-list", "params=name-label", "--minimal"))
            .Trim().Split(',').Order();

    private Task<string> ForHostAsync(string command, string host)
    {
        _page["HOST"] = host;
        return _page.RunAsync(command);
    }

    private async Task JoinAsync(string host, string line)
    {
        _page["NEW_HOST"] = _hosts[host].Url!.Authority;
        await _page.RunLineAsync(line);
        await _hosts.UntilMemberAsync(host, "a");
        await UntilLiveAsync("a", host, true);
    }

    private async Task StartWitnessAsync(string line)
    {
        _witness = _page.Start(line);
        var first = await _witness.StandardOutput.ReadLineAsync(Stop);
        Assert.True(
            first?.StartsWith("redoubt: witness ", StringComparison.Ordinal),
            first ?? await _witness.StandardError.ReadToEndAsync(Stop));
    }

    private async Task KillWitnessAsync()
    {
        if (_witness is { } witness)
        {
            witness.Kill(entireProcessTree: true);
            await witness.WaitForExitAsync(CancellationToken.None);
            witness.Dispose();
            _witness = null;
        }
    }

    /// <summary>Waits until there is one witness that is up and has its vote; gives its UUID.</summary>
    private async Task<string> UntilWitnessAsync(string coordinator)
    {
        var uuid = "";
        await Patience.UntilAsync(
            async () => (await Shell.RunAsync(_hosts[coordinator], _hosts.Password, "witness-list"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries) is [_, var line]
                && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var id, _, "true", "true"] && (uuid = id).Length > 0,
            "the witness is there, and has its vote");
        return uuid;
    }

    /// <summary>A VM on an SR that both hosts have, started at the first.</summary>
    private async Task<(Ref<VmRecord> Vm, string Uuid)> MakeVmAsync()
    {
        Ref<VmRecord> vm;
        string uuid;
        await using (var api = await _hosts.LogInAsync("a"))
        {
            (vm, _) = await CountingGuest.CreateAsync(api, await _hosts.CreateSrAsync(api, "shared"));
            uuid = await api.CallAsync<string>("VM.get_uuid", [vm], Stop);
            await api.CallAsync("VM.start_on", [vm, await PoolOfHosts.HostAsync(api, "a"), false, false], Stop);
        }

        await UntilWholeAsync("a");
        return (vm, uuid);
    }

    private async Task StopAsync(Ref<VmRecord> vm)
    {
        await using var api = await _hosts.LogInAsync("b");
        await api.CallAsync("VM.hard_shutdown", [vm], Stop);
    }

    private Task UntilWholeAsync(string coordinator) => Patience.UntilAsync(
        async () =>
        {
            await using var api = await _hosts.LogInAsync(coordinator);
            return (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.All(m => m.Live)
                && (await api.GetAllRecordsAsync<PbdRecord>(Stop)).Values.All(p => p.CurrentlyAttached);
        },
        "all hosts are up, with the SR");

    /// <summary>
    /// Waits until the guest counts on, at a host and nowhere else, having booted there so often: not where it came with its memory.
    /// </summary>
    private async Task CountsOnAsync(string coordinator, Ref<VmRecord> vm, string host, int boots)
    {
        await using var api = await _hosts.LogInAsync(coordinator);
        var record = await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop);
        Assert.Equal((VmPowerState.Running, await PoolOfHosts.HostAsync(api, host)), (record.PowerState, record.ResidentOn));
        Assert.Single(GuestProcesses.Below(_hosts.PathOf(host)));
        Assert.Single(GuestProcesses.Below(_hosts.Root));
        await CountingGuest.CountsOnAsync(api, vm);
        Assert.True(
            await CountingGuest.BootsAsync(api, vm) == boots,
            $"The guest at {host} has not booted {boots} times:\n{await api.CallAsync<string>("VM.get_console_log", [vm, 0L], Stop)}");
    }

    private async Task<string> UuidAsync(string coordinator, string host)
    {
        await using var api = await _hosts.LogInAsync(coordinator);
        return await api.CallAsync<string>("host.get_uuid", [await PoolOfHosts.HostAsync(api, host)], Stop);
    }

    private async Task UntilLiveAsync(string coordinator, string host, bool isLive)
    {
        await using var api = await _hosts.LogInAsync(coordinator);
        await PoolOfHosts.UntilLiveAsync(api, host, isLive);
    }
}
