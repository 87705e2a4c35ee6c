using Redoubt.Cli.Demo;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// A real daemon is killed at a step while it takes VMs over from a site that lives: no VM is lost, or may run at both. See
/// <see cref="KillTests"/>.
/// </summary>
public sealed class KillMoveTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Moves => Kills.Draw("dr-migrate", "dr-failback");

    [Theory]
    [MemberData(nameof(Moves))]
    public async Task VMs_whose_move_is_broken_off_at_any_step_are_at_one_of_the_two_sites_and_at_no_other(string command)
    {
        await using var bench = new Bench();
        var hypervisor = await Pretended.HypervisorAsync(bench);
        var steps = 0;
        foreach (var (round, at) in Kills.Draw(command, () => steps, samples: 1).Index())
        {
            var (source, site, vms) = command == "dr-failback"
                ? await AwayAsync(bench, hypervisor, round)
                : await AtHomeAsync(bench, hypervisor, round);
            (_shell["ADDRESS"], _shell["PASSWORD_FILE"]) = (source.Api.Server.ToString(), Path.Combine(site.Directory, "site-password"));
            await File.WriteAllTextAsync(
                _shell["PASSWORD_FILE"], (await File.ReadAllLinesAsync(source.PasswordFile, Stop))[1] + "\n", Stop);
            await _shell.RunAsync(site, "dr-site-add name=source address=$ADDRESS password-file=$PASSWORD_FILE");
            _shell["MIRROR"] = site.Storage;
            await _shell.RunAsync(site, "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR");
            using (var kill = new KillAt(site.Daemon, site.DataDirectory, site.Storage, at))
            {
                var started = await _shell.TryAsync(site, $"{command} source=source sr-uuid=$SR {Pretended.SoonGivenUp} --yes wait=false");
                Assert.True(started.ExitCode == 0 || await Bench.HasEndedAsync(site.Daemon), started.Error);
                await RestAsync(site, source);
                steps = at == int.MaxValue ? kill.Seen : steps;
            }

            var where = $"{command}, killed at change {at} of {steps} (seed {Sampling.Seed})";
            if (site.Daemon.HasExited)
            {
                site = await bench.StartAsync($"s{round}", hypervisor);
            }

            var phase = await EndAsync(site, source, isUndo: round % 2 == 1);
            Assert.True(at != int.MaxValue || phase == RunPhase.Succeeded, $"{where}: {phase}");

            // Guests that had been started ended with their daemon, and are not well when the run goes on.
            var (there, elsewhere) = phase is RunPhase.Succeeded or RunPhase.Partial ? (site, source) : (source, site);
            await RequireAtOneAsync(where, there, elsewhere, vms);
            await source.KillAsync();
            await site.KillAsync();
        }
    }

    private async Task<(DemoSite Source, DemoSite Site, List<string> Vms)> AtHomeAsync(Bench bench, string hypervisor, int round)
    {
        var (source, site) = (await bench.StartAsync($"p{round}", hypervisor), await bench.StartAsync($"s{round}", hypervisor));
        var vms = await Pretended.BuildAsync(source, _shell);
        await Replica.MirrorAsync(source.Storage, site.Storage);
        await _shell.RunAsync(site, "network-create name-label=lan");
        return (source, site, vms);
    }

    /// <summary>The VMs were lost at home, run at the other site, and their storage has come home.</summary>
    private async Task<(DemoSite Source, DemoSite Site, List<string> Vms)> AwayAsync(Bench bench, string hypervisor, int round)
    {
        var (home, source) = (await bench.StartAsync($"s{round}", hypervisor), await bench.StartAsync($"p{round}", hypervisor));
        var vms = await Pretended.BuildAsync(home, _shell);
        foreach (var vm in vms)
        {
            await _shell.RunAsync(home, $"vm-shutdown uuid={vm} --force");
        }

        await Replica.MirrorAsync(home.Storage, source.Storage);
        await _shell.RunAsync(source, "network-create name-label=lan");
        _shell["MIRROR"] = source.Storage;
        await _shell.RunAsync(source, "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR");
        await _shell.RunAsync(source, "dr-failover sr-uuid=$SR source-dead=true --yes");
        foreach (var vm in vms)
        {
            if (await _shell.RunAsync(source, $"vm-param-get uuid={vm} param-name=power-state") == "halted")
            {
                await _shell.RunAsync(source, $"vm-start uuid={vm}");
            }
        }

        _shell["PBD"] = await _shell.RunAsync(home, "pbd-list sr-uuid=$SR --minimal");
        await _shell.RunAsync(home, "pbd-unplug uuid=$PBD");
        await _shell.RunAsync(home, "sr-forget uuid=$SR");
        await Replica.MirrorAsync(source.Storage, home.Storage);
        return (source, home, vms);
    }

    /// <summary>Waits until a run is over, stands, or its daemon is dead; the array brings what it waits for.</summary>
    private static async Task<RunPhase?> RestAsync(DemoSite site, DemoSite source)
    {
        RunPhase? phase = null;
        await Patience.UntilAsync(
            async () =>
            {
                phase = (await Pretended.RunAsync(site))?.Phase;
                if (phase == RunPhase.Waiting && !site.Daemon.HasExited)
                {
                    await AnswerAsync(site, source);
                }

                return site.Daemon.HasExited || phase is RunPhase.Interrupted || phase?.IsFinal() == true;
            },
            "the run rests, or its daemon is dead");
        return phase;
    }

    private static async Task AnswerAsync(DemoSite site, DemoSite source)
    {
        try
        {
            await Replica.MirrorAsync(source.Storage, site.Storage);
            await site.Api.CallAsync("recovery.answer", [(await Pretended.RunAsync(site))!.Uuid, "done"], Stop);
        }
        catch (XenApiTransportException)
        {
            // The daemon has just been killed.
        }
        catch (XenApiException overtaken) when (overtaken.Code == "DR_RUN_REFUSED")
        {
            // It has gone on since it was asked.
        }
    }

    private static async Task<RunPhase?> EndAsync(DemoSite site, DemoSite source, bool isUndo)
    {
        if (await Pretended.RunAsync(site) is null)
        {
            return null; // Killed before the run was noted.
        }

        var phase = await RestAsync(site, source);
        if (phase == RunPhase.Interrupted)
        {
            await site.Api.CallAsync(isUndo ? "recovery.undo" : "recovery.resume", [(await Pretended.RunAsync(site))!.Uuid], Stop);
            await Patience.UntilAsync(
                async () => (phase = (await Pretended.RunAsync(site))!.Phase) != RunPhase.Interrupted, "the run goes on");
            phase = await RestAsync(site, source);
        }

        return phase;
    }

    /// <summary>Each VM can be started, or runs, at the one site, and can't be at the other.</summary>
    private async Task RequireAtOneAsync(string where, DemoSite there, DemoSite elsewhere, List<string> vms)
    {
        foreach (var uuid in vms)
        {
            var vm = await there.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, uuid);
            if (await there.CallAsync<VmPowerState>("VM.get_power_state", Stop, vm) == VmPowerState.Halted)
            {
                await _shell.RunAsync(there, $"vm-start uuid={uuid}");
            }

            var (exitCode, output, error) = await _shell.TryAsync(elsewhere, $"vm-start uuid={uuid}");
            Assert.True(exitCode != 0, $"{where}: {uuid} runs at both\n{output}\n{error}");
        }

        Assert.True(
            (await elsewhere.Api.GetAllRecordsAsync<VmRecord>(Stop)).Values.All(v => v.CurrentOperations.IsEmpty),
            $"{where}: something is still noted as under way");
        Assert.True(
            (await there.Api.GetAllRecordsAsync<VmRecord>(Stop)).Values.All(v => v.CurrentOperations.IsEmpty),
            $"{where}: something is still noted as under way");
    }
}
