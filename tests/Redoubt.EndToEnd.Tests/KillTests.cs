using Redoubt.Cli.Demo;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A real daemon is killed at a step of whatever it does, and the next one starts, has lost nothing and leaves nothing over. In
/// <c>script/test</c> at a few steps, which are drawn; <c>script/soak</c> goes through all of them (<c>REDOUBT_SOAK=1</c>) or through
/// other ones (<c>REDOUBT_SEED=N</c>).
/// </summary>
public sealed class KillTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Runs => Kills.Draw(
        "dr-test plan=everything wait=false", "dr-failover plan=everything source-dead=true --yes wait=false");

    /// <summary>Over QEMU, for what the hypervisor has begun outlives the daemon.</summary>
    [Fact]
    public async Task A_daemon_that_is_killed_while_it_deals_with_a_guest_is_followed_by_one_that_knows_what_there_is()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(site, guest);
        var vm = await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid);
        var far = await CreateSrAsync(site, "far");
        string[] copies = ["VM.clone", "VM.copy", "VM.snapshot", "VM.revert"];
        copies = Sampling.IsWhole ? copies : [copies[new Random(Sampling.Seed).Next(copies.Length)]];
        foreach (var act in (IEnumerable<string>)["VM.start", "VM.suspend", "VM.resume", .. copies])
        {
            // The first time only counts.
            var steps = 0;
            foreach (var at in Kills.Draw(act, () => steps, samples: 1))
            {
                await BringToAsync(
                    site, vm,
                    act switch
                    {
                        "VM.suspend" or "VM.snapshot" or "VM.revert" => VmPowerState.Running,
                        "VM.resume" => VmPowerState.Suspended,
                        _ => VmPowerState.Halted,
                    });
                var snapshot = act == "VM.revert" ? await site.Api.Vm.SnapshotAsync(vm, "then", [], Stop) : default;
                var before = (await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Count;
                var isDone = false;
                using (var kill = new KillAt(site.Daemon, site.DataDirectory, site.Storage, at))
                {
                    try
                    {
                        object?[] arguments = act switch
                        {
                            "VM.suspend" => [vm],
                            "VM.clone" => [vm, "copy"],
                            "VM.copy" => [vm, "copy", far],
                            "VM.snapshot" => [vm, "then", Array.Empty<string>()],
                            "VM.revert" => [snapshot],
                            _ => [vm, false, false],
                        };
                        await site.Api.CallRawAsync(act, arguments, Stop);
                        isDone = true;
                    }
                    catch (Exception cut) when (site.Daemon.HasExited || cut is XenApiTransportException)
                    {
                        await site.Daemon.WaitForExitAsync(Stop);
                    }

                    steps = at == int.MaxValue ? kill.Seen : steps;
                }

                // It may have ended before its last steps were seen.
                if (site.Daemon.HasExited)
                {
                    site = await bench.StartAsync("site");
                }

                await RequireSoundAsync(site, $"{act}, killed at change {at} of {steps} (seed {Sampling.Seed})", act, isDone, vm, before);
            }
        }
    }

    /// <summary>With guests that are only pretended and end with the daemon, as with its host.</summary>
    [Theory]
    [MemberData(nameof(Runs))]
    public async Task A_run_whose_daemon_is_killed_at_any_step_is_brought_to_its_end_or_taken_back_whole(string command)
    {
        await using var bench = new Bench();
        var hypervisor = await Pretended.HypervisorAsync(bench);
        var primary = await bench.StartAsync("primary", hypervisor);
        var vms = await Pretended.BuildAsync(primary, _shell);
        await primary.KillAsync();

        var steps = 0;
        var isTest = command.StartsWith("dr-test", StringComparison.Ordinal);
        foreach (var (round, at) in Kills.Draw(command, () => steps).Index())
        {
            var site = await bench.StartAsync($"s{round}", hypervisor);
            await Replica.MirrorAsync(primary.Storage, site.Storage);
            await _shell.RunAsync(site, "network-create name-label=lan");
            _shell["MIRROR"] = site.Storage;
            await _shell.RunAsync(site, "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR");
            using (var kill = new KillAt(site.Daemon, site.DataDirectory, site.Storage, at))
            {
                var started = await _shell.TryAsync(site, command);
                Assert.True(started.ExitCode == 0 || await Bench.HasEndedAsync(site.Daemon), started.Error);
                await Patience.UntilAsync(
                    async () => site.Daemon.HasExited || (await Pretended.RunAsync(site))?.Phase.IsFinal() == true,
                    $"the run ends, or its daemon at change {at}");
                steps = at == int.MaxValue ? kill.Seen : steps;
            }

            if (at == int.MaxValue)
            {
                Assert.Equal(RunPhase.Succeeded, (await Pretended.RunAsync(site))!.Phase);
            }

            if (site.Daemon.HasExited)
            {
                site = await bench.StartAsync($"s{round}", hypervisor);
            }

            var where = $"{command}, killed at change {at} of {steps} (seed {Sampling.Seed})";
            var isUndone = await EndAsync(site, where, isTest, round);
            await RequireSoundAsync(site, $"{where}, {(isUndone ? "undone" : "brought to its end")}", isTest || isUndone, vms);
            await site.KillAsync();
        }
    }

    private static async Task<Ref<SrRecord>> CreateSrAsync(DemoSite site, string name)
    {
        var location = Directory.CreateDirectory(Path.Combine(site.Storage, name)).FullName;
        var nothing = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty;
        return await site.Api.Sr.CreateAsync(
            (await site.Api.Host.GetAllAsync(Stop))[0], nothing.Add("location", location), 0, name, "", "file", "", true, nothing, Stop);
    }

    private static async Task BringToAsync(DemoSite site, Ref<VmRecord> vm, VmPowerState wanted)
    {
        var now = await site.CallAsync<VmPowerState>("VM.get_power_state", Stop, vm);
        if (now == wanted)
        {
            return;
        }

        if (now == VmPowerState.Paused)
        {
            await site.Api.CallAsync("VM.unpause", [vm], Stop);
        }
        else if (now != VmPowerState.Halted && (wanted == VmPowerState.Halted || now == VmPowerState.Suspended))
        {
            await site.Api.CallAsync("VM.hard_shutdown", [vm], Stop);
        }
        else
        {
            await site.Api.CallAsync(
                now == VmPowerState.Halted ? "VM.start" : "VM.suspend", now == VmPowerState.Halted ? [vm, false, false] : [vm], Stop);
        }

        await BringToAsync(site, vm, wanted);
    }

    private static async Task RequireSoundAsync(DemoSite site, string where, string act, bool isDone, Ref<VmRecord> vm, int vmsBefore)
    {
        var state = await site.CallAsync<VmRecord>("VM.get_record", Stop, vm);
        var isUp = state.PowerState is VmPowerState.Running or VmPowerState.Paused;
        var processes = Bench.ProcessesBelow(site.DataDirectory + "/")
            .Count(p => p.Contains("qemu-system", StringComparison.Ordinal) && p.Contains(state.Uuid, StringComparison.Ordinal));
        Assert.True(processes == (isUp ? 1 : 0), $"{where}: {state.PowerState}, and {processes} processes");
        Assert.True(state.CurrentOperations.IsEmpty, $"{where}: {string.Join(", ", state.CurrentOperations.Values)} is noted");
        foreach (var vbd in state.Vbds)
        {
            Assert.True(
                await site.CallAsync<bool>("VBD.get_currently_attached", Stop, vbd) == isUp,
                $"{where}: {state.PowerState}, and its drives say otherwise");
        }

        var allowed = act switch
        {
            "VM.start" => isDone ? [VmPowerState.Running] : new[] { VmPowerState.Halted, VmPowerState.Running },
            "VM.suspend" => isDone ? [VmPowerState.Suspended] : [VmPowerState.Running, VmPowerState.Suspended],
            "VM.snapshot" => [VmPowerState.Running],
            "VM.revert" => isDone ? [VmPowerState.Halted] : [VmPowerState.Halted, VmPowerState.Running],
            "VM.resume" => isDone ? [VmPowerState.Running] : [VmPowerState.Suspended, VmPowerState.Running],
            _ => [VmPowerState.Halted],
        };
        Assert.True(allowed.Contains(state.PowerState), $"{where}: it is {state.PowerState}");

        // Every disk is somebody's: nothing of what was broken off is left over, and nothing of what was there is missing.
        var vdis = (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Values.ToList();
        var orphans = vdis.Where(v => v.Vbds.IsEmpty && v.Type != VdiType.Suspend)
            .Concat(vdis.Where(v => v.Type == VdiType.Suspend && state.PowerState != VmPowerState.Suspended)).ToList();
        Assert.True(orphans.Count == 0, $"{where}: nobody's disks: {string.Join(", ", orphans.Select(v => v.NameLabel))}");
        Assert.True(vdis.All(v => !v.Missing), $"{where}: disks are missing");
        var files = DemoGuests.DisksIn(site.Storage).Count;
        Assert.True(files == vdis.Count, $"{where}: {files} files of {vdis.Count} disks");
        if (act is "VM.clone" or "VM.copy" or "VM.snapshot")
        {
            var vms = await site.Api.GetAllRecordsAsync<VmRecord>(Stop);
            Assert.True(isDone ? vms.Count == vmsBefore + 1 : vms.Count - vmsBefore is 0 or 1, $"{where}: {vms.Count - vmsBefore} copies");
        }
    }

    /// <summary>Has a run come to its end; a test by itself, another as it is told: each other time it is taken back.</summary>
    /// <returns>Whether nothing was done, or all of it was taken back.</returns>
    private static async Task<bool> EndAsync(DemoSite site, string where, bool isTest, int round)
    {
        RunRecord? run = null;
        await Patience.UntilAsync(
            async () => (run = await Pretended.RunAsync(site)) is null || run.Phase.IsFinal()
                || (!isTest && run.Phase == RunPhase.Interrupted),
            "the run rests");
        if (run is not null && !run.Phase.IsFinal())
        {
            await site.Api.CallAsync(round % 2 == 0 ? "recovery.undo" : "recovery.resume", [run.Uuid], Stop);
            await Patience.UntilAsync(
                async () => (run = await Pretended.RunAsync(site))!.Phase
                    is not (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling or RunPhase.Undoing),
                "the run rests again");

            // Guests that had been started ended with their daemon, and are not well when the run goes on.
            Assert.True(
                round % 2 == 0 ? run!.Phase == RunPhase.Undone : run!.Phase is RunPhase.Succeeded or RunPhase.Partial,
                $"{where}: {(round % 2 == 0 ? "it was to be undone" : "it was to go on")}: {run.ToJson()}");
        }

        return run is null or { Phase: RunPhase.Undone };
    }

    private static async Task RequireSoundAsync(DemoSite site, string where, bool isGone, List<string> vms)
    {
        var (all, srs) = ((await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Values, (await site.Api.GetAllRecordsAsync<SrRecord>(Stop)).Values);
        var recovered = all.Where(v => vms.Contains(v.Uuid)).ToList();
        Assert.True(recovered.Count == (isGone ? 0 : vms.Count), $"{where}: {string.Join(", ", recovered.Select(v => v.NameLabel))}");

        // The guests ended with the daemon that was killed, so no more can be said of those that had been started.
        Assert.True(all.All(v => v.CurrentOperations.IsEmpty), $"{where}: something is still noted as under way");
        Assert.True(
            !all.Any(v => v.OtherConfig.ContainsKey("dr-test")) && !srs.Any(s => s.OtherConfig.ContainsKey("dr-test")),
            $"{where}: a test's VMs or SRs are left");
        Assert.True(
            (await site.Api.GetAllRecordsAsync<NetworkRecord>(Stop)).Values.All(n => !n.OtherConfig.ContainsKey("dr-test")),
            $"{where}: a test's networks are left");
        var tests = Path.Combine(site.DataDirectory, "tests");
        Assert.True(!Directory.Exists(tests) || !Directory.EnumerateFileSystemEntries(tests).Any(), $"{where}: files of a test are left");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(site.DataDirectory, "scratch")));
    }
}
