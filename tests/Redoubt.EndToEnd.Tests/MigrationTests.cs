using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>VMs that are moved between two living sites, with real guests.</summary>
public sealed class MigrationTests
{
    private readonly Shell _shell = new();
    private readonly DemoGuest[] _guests = [new("db", 0, 4, true), new("mail", 1, 0, false)];
    private readonly Production _production;

    public MigrationTests() => _production = new(_shell, _guests);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rule13_VMs_that_moved_between_living_sites_lose_no_count_and_are_not_started_at_the_old_one()
    {
        await using var bench = new Bench();
        var primary = await bench.StartAsync("primary");
        var recovery = await bench.StartAsync("recovery");
        await _production.StartAsync(primary);
        await _production.ConnectAsync(recovery);
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        (_shell["ADDRESS"], _shell["PASSWORD_FILE"], _shell["MIRROR"]) = (primary.Api.Server.ToString(), Path.Combine(recovery.Directory, "site-password"), recovery.Storage);
        await File.WriteAllTextAsync(_shell["PASSWORD_FILE"], (await File.ReadAllLinesAsync(primary.PasswordFile, Stop))[1] + "\n", Stop);
        await _shell.RunAsync(recovery, "dr-site-add name=primary address=$ADDRESS password-file=$PASSWORD_FILE");
        await _shell.RunAsync(recovery, "dr-site-list test=true");
        await _shell.RunAsync(recovery, "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR");
        await _shell.RunAsync(recovery, "dr-plan kind=migration source=primary sr-uuid=$SR");

        var isDone = false;
        var order = WatchShutdownAsync(primary, () => isDone);
        await _shell.RunAsync(recovery, "dr-migrate source=primary sr-uuid=$SR --yes", 5);
        isDone = true;
        Assert.Equal(["db Running, mail Running", "db Running, mail Halted", "db Halted, mail Halted"], await order);
        _shell["RUN"] = (await _shell.RunAsync(recovery, "dr-run-list --minimal")).Split(',')[0];
        var last = _production.Counts(primary);
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        await _shell.RunAsync(recovery, "dr-run-answer uuid=$RUN answer=done");
        await Patience.UntilAsync(() => _guests.All(g => g.Read(recovery).FirstCount is not null), "the guests count at the recovery site");
        Assert.All(_guests, g => Assert.InRange(g.Read(recovery).ResumedFrom, last[g.Name], last[g.Name] + 1));
        await _shell.RunAsync(recovery, "dr-status");

        // Nothing on the old site's storage tells of this yet: only what the run has noted there keeps the VMs off.
        foreach (var guest in _guests)
        {
            var refused = await Assert.ThrowsAsync<XenApiException>(() => StartAsync(primary, guest));
            Assert.Equal("OPERATION_BLOCKED", refused.Code);
            Assert.Contains("recovery", refused.Parameters[1], StringComparison.Ordinal);
        }

        // The array turns round: the old site lets its storage go, and sees what the new one writes.
        _shell["PBD"] = await _shell.RunAsync(primary, "pbd-list sr-uuid=$SR --minimal");
        await _shell.RunAsync(primary, "pbd-unplug uuid=$PBD");
        await _shell.RunAsync(primary, "sr-forget uuid=$SR");
        await Replica.MirrorAsync(recovery.Storage, primary.Storage);
        _shell["STORAGE"] = primary.Storage;
        await _shell.RunAsync(primary, "drtask-create type=file device-config:location=$STORAGE sr-whitelist=$SR");
        foreach (var guest in _guests)
        {
            // Even if somebody takes that note away.
            await primary.Api.CallAsync(
                "VM.remove_from_blocked_operations", [await primary.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid), "start"],
                Stop);
            var refused = await Assert.ThrowsAsync<XenApiException>(() => StartAsync(primary, guest));
            Assert.Equal(("VM_RECOVERED_ELSEWHERE", "recovery"), (refused.Code, refused.Parameters[2]));
            await _shell.RunAsync(primary, $"vm-start vm={guest.Name}", 1);
        }

        Assert.All(_guests, g => Assert.Equal((0, 1), (_production.Processes(primary)[g.Name], _production.Processes(recovery)[g.Name])));
        Assert.Empty(_shell.NotRunOf("dr-migrate.md"));
    }

    private static async Task StartAsync(DemoSite site, DemoGuest guest) =>
        await site.Api.CallAsync("VM.start", [await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid), false, false], Stop);

    // "db" is asked first: were it off before "mail" is, that would be seen.
    private async Task<List<string>> WatchShutdownAsync(DemoSite primary, Func<bool> isDone)
    {
        var seen = new List<string>();
        for (var isLast = false; !isLast;)
        {
            isLast = isDone();
            var now = $"db {await _production.StateAsync(primary, "db")}, mail {await _production.StateAsync(primary, "mail")}";
            if (seen.LastOrDefault() != now)
            {
                seen.Add(now);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), Stop);
        }

        return seen;
    }
}
