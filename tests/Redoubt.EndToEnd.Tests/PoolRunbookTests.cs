using System.Collections.Immutable;
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
    private const string Password = "a password for root";

    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;
    private readonly Dictionary<string, ServeRun> _runs = [];
    private Runbook _page = null!;
    private Process? _witness;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string CredentialsFile => Path.Combine(_root, "root");

    public ValueTask InitializeAsync()
    {
        _page = new("pools.md", Path.Combine(_root, "home"));
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await KillWitnessAsync();
        foreach (var run in _runs.Values)
        {
            await run.DisposeAsync();
        }

        await KillGuestsAsync(_root);
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Every_command_of_the_page_does_what_the_page_says()
    {
        var password = Path.Combine(_root, "password");
        await File.WriteAllTextAsync(password, $"{Password}\n", Stop);
        await File.WriteAllTextAsync(CredentialsFile, $"root\n{Password}\n", Stop);
        (_page["FILE"], _page["PASSWORD_FILE"], _page["MEMBER_PORT"]) = (CredentialsFile, password, "0");
        await Task.WhenAll(StartAsync("a"), StartAsync("b"));

        // What you see, and what to do.
        Ask("a");
        await _page.RunAsync("host-list");
        await _page.RunAsync("pool-list");
        await _page.RunAsync("witness-list");
        await _page.RunAsync("dr-status");

        // Two servers to a pool.
        await Task.WhenAll(NameAsync("a"), NameAsync("b"));
        _page["COORDINATOR"] = _runs["a"].Url!.Authority;
        var join = _page.Take("pool-join");
        await JoinAsync("b", join);

        // A witness, which is started once more.
        var witness = _page.Take("witness");
        Assert.Contains("--join", witness, StringComparison.Ordinal);
        _page["WITNESS_DATA"] = Path.Combine(_root, "w");
        await StartWitnessAsync(witness);
        await UntilWitnessAsync("a");
        await KillWitnessAsync();
        await StartWitnessAsync(_page.Take("witness"));
        await UntilWitnessAsync("a");

        // The coordinator is lost, and with it the whole machine, its guest too.
        var (vm, uuid) = await MakeVmAsync();
        _page["VM"] = uuid;
        await CountsOnAsync("a", vm, "a", 1);
        await LoseAsync("a");
        await UntilLoginAsync("b", "", "b coordinates");
        Ask("b");
        await UntilLiveAsync("b", "a", false);
        await _page.RunAsync("dr-run-list");
        Assert.Contains("false", await _page.RunAsync("host-list"), StringComparison.Ordinal);

        // That host is lost for good: its VM is started elsewhere by the same word, and when it is back it has nothing of it.
        await ForHostAsync("host-declare-dead", "a");
        await CountsOnAsync("b", vm, "b", 1);
        await StartAgainAsync("a");
        await UntilLoginAsync("a", "HOST_IS_SLAVE", "a is a member");
        await UntilWholeAsync("b");
        Assert.Empty(MemberGuestTests.Guests(PathOf("a")));
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
        await UntilLoginAsync("a", "", "a coordinates");
        await UntilLoginAsync("b", "HOST_IS_SLAVE", "b is a member");
        await UntilLiveAsync("a", "b", true);

        // A third host, by the same line.
        await StartAsync("c");
        await NameAsync("c");
        await JoinAsync("c", join);

        // The majority is gone: two hosts and the witness. The guest of the one that is left counts on.
        await LoseAsync("b");
        await LoseAsync("c");
        await KillWitnessAsync();
        await UntilLoginAsync("a", "HOST_STILL_BOOTING", "one of four is no majority");
        _page["SURVIVOR"] = _runs["a"].Url!.Authority;
        _page["HOSTS"] = "b,c";
        await _page.RunAsync("pool-emergency-transition-to-master");
        await UntilLoginAsync("a", "", "the survivor answers");
        await CountsOnAsync("a", vm, "a", 2);
        await StartAgainAsync("b");
        await UntilLoginAsync("b", "HOST_STILL_BOOTING", "b is alone with what it was");
        var fetched = await _page.RunAsync("pool-recover-slaves");
        Assert.Equal(await UuidAsync("a", "b"), fetched.Trim());
        await UntilLoginAsync("b", "HOST_IS_SLAVE", "b is a member again");
        await UntilLiveAsync("a", "b", true);

        // The other one is sent there by itself.
        await StartAgainAsync("c");
        await UntilLoginAsync("c", "HOST_STILL_BOOTING", "c is alone with what it was");
        await UntilLiveAsync("a", "c", false);
        _page["HOST_THAT_IS_BACK"] = _runs["c"].Url!.Authority;
        await _page.RunAsync("pool-emergency-reset-master");
        await UntilLoginAsync("c", "HOST_IS_SLAVE", "c is a member again");
        await UntilLiveAsync("a", "c", true);

        // Leaving. A witness joins anew first, in a new directory, so that the other host may be lost.
        _page["COORDINATOR"] = _runs["a"].Url!.Authority;
        _page["WITNESS_DATA"] = Path.Combine(_root, "w-2");
        await StartWitnessAsync(witness);
        await UntilWitnessAsync("a");
        await LoseAsync("b");
        await UntilLiveAsync("a", "b", false);
        await ForHostAsync("host-forget", "b");
        Assert.Equal(["a", "c"], await NamesAsync("a"));
        await ForHostAsync("pool-eject", "c");
        Assert.Equal(["a"], await NamesAsync("a"));
        _page["WITNESS"] = await UntilWitnessAsync("a");
        await _page.RunAsync("witness-eject");
        Assert.Equal("", (await Shell.RunAsync(_runs["a"], Password, "witness-list", "--minimal")).Trim());
        await CountsOnAsync("a", vm, "a", 2);
        Assert.Empty(_page.Left);
    }

    private string PathOf(string host) => Path.Combine(_root, host);

    private void Ask(string host) => _page.Asked = $"-s,{_runs[host].Url!.Authority},-pwf,{CredentialsFile}";

    private async Task<IEnumerable<string>> NamesAsync(string coordinator) =>
        (await Shell.RunAsync(_runs[coordinator], Password, "host-list", "params=name-label", "--minimal")).Trim().Split(',').Order();

    private Task<string> ForHostAsync(string command, string host)
    {
        _page["HOST"] = host;
        return _page.RunAsync(command);
    }

    private async Task StartAsync(string host, params string[] options)
    {
        HypervisorCache.Share(Path.Combine(PathOf(host), "hypervisor"));
        var run = await ServeRun.StartOnAsync(
            null, PathOf(host), ["--root-password-file", CredentialsFile, "--name-label", host, "--member-port", "0", .. options]);
        lock (_runs)
        {
            _runs[host] = run;
        }

        Assert.True(run.Url is not null, run.Error);
    }

    /// <summary>At the address that it had: a machine keeps it, and who asked there has its certificate.</summary>
    private Task StartAgainAsync(string host) => StartAsync(host, "--listen", _runs[host].Url!.GetLeftPart(UriPartial.Authority));

    /// <summary>Hosts are told apart by their names, which are all this machine's.</summary>
    private async Task NameAsync(string host)
    {
        await using var api = await PoolDirectory.LogInAsync(_runs[host], Password);
        var self = (await api.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop))[0];
        await api.CallAsync("host.set_name_label", [self, host], Stop);
    }

    private async Task JoinAsync(string host, string line)
    {
        _page["NEW_HOST"] = _runs[host].Url!.Authority;
        await _page.RunLineAsync(line);
        await UntilLoginAsync(host, "HOST_IS_SLAVE", $"{host} is a member");
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
            async () => (await Shell.RunAsync(_runs[coordinator], Password, "witness-list"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries) is [_, var line]
                && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var id, _, "true", "true"] && (uuid = id).Length > 0,
            "the witness is there, and has its vote");
        return uuid;
    }

    /// <summary>The machine loses its power.</summary>
    private async Task LoseAsync(string host)
    {
        _runs[host].Process.Kill();
        await _runs[host].Process.WaitForExitAsync(Stop);
        await KillGuestsAsync(PathOf(host));
    }

    private static async Task KillGuestsAsync(string below)
    {
        foreach (var guest in MemberGuestTests.Guests(below))
        {
            guest.Kill();
            await guest.WaitForExitAsync(CancellationToken.None);
            guest.Dispose();
        }
    }

    /// <summary>A VM on an SR that both hosts have, started at the first.</summary>
    private async Task<(Ref<VmRecord> Vm, string Uuid)> MakeVmAsync()
    {
        Ref<VmRecord> vm;
        string uuid;
        await using (var api = await PoolDirectory.LogInAsync(_runs["a"], Password))
        {
            var none = ImmutableSortedDictionary<string, string>.Empty;
            var location = Directory.CreateDirectory(Path.Combine(_root, "storage")).FullName;
            var host = await FindHostAsync(api, "a");
            var sr = await api.CallAsync<Ref<SrRecord>>(
                "SR.create", [host, none.Add("location", location), 0L, "shared", "", "file", "", true, none], Stop);
            vm = await MemberGuestTests.CreateVmAsync(api, sr);
            uuid = await api.CallAsync<string>("VM.get_uuid", [vm], Stop);
            await api.CallAsync("VM.start_on", [vm, host, false, false], Stop);
        }

        await UntilWholeAsync("a");
        return (vm, uuid);
    }

    private async Task StopAsync(Ref<VmRecord> vm)
    {
        await using var api = await PoolDirectory.LogInAsync(_runs["b"], Password);
        await api.CallAsync("VM.hard_shutdown", [vm], Stop);
    }

    private Task UntilWholeAsync(string coordinator) => Patience.UntilAsync(
        async () =>
        {
            await using var api = await PoolDirectory.LogInAsync(_runs[coordinator], Password);
            return (await api.GetAllRecordsAsync<HostMetricsRecord>(Stop)).Values.All(m => m.Live)
                && (await api.GetAllRecordsAsync<PbdRecord>(Stop)).Values.All(p => p.CurrentlyAttached);
        },
        "all hosts are up, with the SR");

    /// <summary>
    /// Waits until the guest counts on, at a host and nowhere else, having booted there so often: not where it came with its memory.
    /// </summary>
    private async Task CountsOnAsync(string coordinator, Ref<VmRecord> vm, string host, int boots)
    {
        await using var api = await PoolDirectory.LogInAsync(_runs[coordinator], Password);
        var record = await api.CallAsync<VmRecord>("VM.get_record", [vm], Stop);
        Assert.Equal((VmPowerState.Running, await FindHostAsync(api, host)), (record.PowerState, record.ResidentOn));
        Assert.Single(MemberGuestTests.Guests(PathOf(host)));
        Assert.Single(MemberGuestTests.Guests(_root));
        var from = await MemberGuestTests.TryLastAsync(api, vm) ?? 0;
        await Patience.UntilAsync(async () => await MemberGuestTests.TryLastAsync(api, vm) > from + 5, "the guest counts on");
        Assert.True(
            await MemberGuestTests.BootsAsync(api, vm) == boots,
            $"The guest at {host} has not booted {boots} times:\n{await api.CallAsync<string>("VM.get_console_log", [vm, 0L], Stop)}");
    }

    private static async Task<Ref<HostRecord>> FindHostAsync(XenApiClient api, string name) =>
        (await api.GetAllRecordsAsync<HostRecord>(Stop)).Single(h => h.Value.NameLabel == name).Key;

    private async Task<string> UuidAsync(string coordinator, string host)
    {
        await using var api = await PoolDirectory.LogInAsync(_runs[coordinator], Password);
        return await api.CallAsync<string>("host.get_uuid", [await FindHostAsync(api, host)], Stop);
    }

    private Task UntilLiveAsync(string coordinator, string host, bool isLive) => Patience.UntilAsync(
        async () =>
        {
            await using var api = await PoolDirectory.LogInAsync(_runs[coordinator], Password);
            var record = (await api.GetAllRecordsAsync<HostRecord>(Stop)).Values.Single(h => h.NameLabel == host);
            return await api.CallAsync<bool>("host_metrics.get_live", [record.Metrics], Stop) == isLive;
        },
        $"{host} is shown as {(isLive ? "up" : "lost")}");

    private Task UntilLoginAsync(string host, string code, string what) =>
        Patience.UntilAsync(async () => (await LoginAnswer.OfAsync(_runs[host].Url!, Password))?.Code == code, what);
}
