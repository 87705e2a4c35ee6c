using System.Collections.Immutable;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>Runs that are broken off and taken back, with real daemons that are killed and real guests.</summary>
public sealed class RunTests
{
    private const string FailOver = "dr-failover plan=everything source-dead=true --yes wait=false";
    private const string Attach = "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR";
    private readonly Shell _shell = new();
    private readonly DemoGuest[] _guests = [new("db", 0, 15, true), new("mail", 1, 0, false)];
    private readonly Production _production;

    public RunTests() => _production = new(_shell, _guests);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Trait("Needs", "soak")]
    [Fact]
    public async Task Rule17_a_run_whose_daemon_is_killed_is_taken_back_or_brought_to_its_end_and_a_cancelled_one_too()
    {
        await using var bench = new Bench();
        var primary = await bench.StartAsync("primary");
        var recovery = await bench.StartAsync("recovery");
        await _production.StartAsync(primary);
        await _production.ConnectAsync(recovery);
        await primary.KillAsync();
        var before = _production.Counts(primary);
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        _shell["MIRROR"] = recovery.Storage;

        // Cancelled between the tiers, what was done stays; then it is taken back.
        await StartAsync(recovery);
        await _shell.RunAsync(recovery, "dr-run-cancel uuid=$RUN");
        Assert.Contains("cancelled", await _shell.RunAsync(recovery, "dr-run-list"), StringComparison.Ordinal);
        Assert.Equal(
            (VmPowerState.Running, VmPowerState.Halted),
            (await _production.StateAsync(recovery, "db"), await _production.StateAsync(recovery, "mail")));
        await _shell.RunAsync(recovery, "dr-run-undo uuid=$RUN --yes");
        await RequireNothingLeftAsync(recovery);

        // Killed between the tiers, and taken back by the next daemon.
        await StartAsync(recovery);
        recovery = await KillDaemonAsync(bench, recovery);
        await _shell.RunAsync(recovery, "dr-run-undo uuid=$RUN --yes");
        Assert.Contains("undone", await _shell.RunAsync(recovery, "dr-run-show uuid=$RUN"), StringComparison.Ordinal);
        await RequireNothingLeftAsync(recovery);

        // Killed between the tiers, and brought to its end by the next daemon.
        var booted = _production.Boots(recovery);
        await StartAsync(recovery);
        recovery = await KillDaemonAsync(bench, recovery);
        await _shell.RunAsync(recovery, "dr-run-resume uuid=$RUN");
        await Patience.UntilAsync(() => _guests.All(g => g.Read(recovery).FirstCount is not null), "the guests count at the recovery site");
        Assert.All(
            _guests,
            g => Assert.Equal((1, booted[g.Name] + 1), (_production.Processes(recovery)[g.Name], _production.Boots(recovery)[g.Name])));
        Assert.All(_guests, g => Assert.True(g.Read(recovery).ResumedFrom >= before[g.Name]));
        Assert.Empty(await recovery.CallAsync<ImmutableList<Ref<DrTaskRecord>>>("DR_task.get_all", Stop));
        Assert.Contains("healthy", await _shell.RunAsync(recovery, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
    }

    // Until the first tier runs; its start delay keeps the second from it for a while.
    private async Task StartAsync(DemoSite recovery)
    {
        await _shell.RunAsync(recovery, Attach);
        _shell["RUN"] = await _shell.RunAsync(recovery, FailOver);
        while (await _production.StateAsync(recovery, "db") != VmPowerState.Running)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }
    }

    // Guests outlive their daemon; the next one finds the run where the last one left it.
    private async Task<DemoSite> KillDaemonAsync(Bench bench, DemoSite site)
    {
        Assert.Equal(VmPowerState.Halted, await _production.StateAsync(site, "mail"));
        await Bench.SignalAsync(site.Daemon, "KILL");
        await site.Daemon.WaitForExitAsync(Stop);
        Assert.Equal(1, _production.Processes(site)["db"]);
        var next = await bench.StartAsync(site.Name);
        Assert.Contains("interrupted", await _shell.RunAsync(next, "dr-run-list"), StringComparison.Ordinal);
        return next;
    }

    private async Task RequireNothingLeftAsync(DemoSite site)
    {
        Assert.All(_guests, g => Assert.Equal(0, _production.Processes(site)[g.Name]));
        Assert.All(await Task.WhenAll(_guests.Select(g => _production.StateAsync(site, g.Name))), Assert.Null);
        Assert.Empty(await site.CallAsync<ImmutableList<Ref<SrRecord>>>("SR.get_all", Stop));
        Assert.Empty(await site.CallAsync<ImmutableList<Ref<VdiRecord>>>("VDI.get_all", Stop));
        Assert.Empty(await site.CallAsync<ImmutableList<Ref<DrTaskRecord>>>("DR_task.get_all", Stop));
        Assert.Empty(await site.CallAsync<ImmutableList<Ref<VmApplianceRecord>>>("VM_appliance.get_all", Stop));
    }
}
