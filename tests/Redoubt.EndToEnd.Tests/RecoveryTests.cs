using Redoubt.Cli.Demo;

namespace Redoubt.EndToEnd.Tests;

/// <summary>The runbooks of docs/operating, done with real guests: a test, a failover and the way home.</summary>
public sealed class RecoveryTests
{
    private const string Edited = "edited-at-the-recovery-site";

    private static readonly string[] Runbooks = ["dr-test.md", "dr-failover.md", "dr-failback.md"];

    private readonly Shell _shell = new();
    private readonly DemoGuest[] _guests = [new("db", 0, 0, true), new("mail", 0, 0, false)];
    private readonly Production _production;

    public RecoveryTests() => _production = new(_shell, _guests);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_site_is_tested_lost_recovered_and_comes_home_by_the_runbooks()
    {
        await using var bench = new Bench();
        var primary = await bench.StartAsync("primary");
        var recovery = await bench.StartAsync("recovery");
        await _production.StartAsync(primary);
        await _production.ConnectAsync(recovery);

        await TestAsync(primary, recovery);

        await primary.KillAsync();
        var before = _production.Counts(primary);
        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        await FailOverAsync(recovery, before);

        // What is done at the recovery site must come home.
        await _shell.RunAsync(recovery, $"vm-param-set uuid={_guests[1].Uuid} name-description={Edited}");
        _shell["NEW"] = await _shell.RunAsync(recovery, "vm-create name-label=newcomer memory=64MiB");
        _shell["DISK"] = await _shell.RunAsync(recovery, "vdi-create sr-uuid=$SR name-label=extra virtual-size=1MiB");
        await _shell.RunAsync(recovery, "vbd-create vm-uuid=$NEW vdi-uuid=$DISK device=0");

        var home = await bench.StartAsync("primary");
        await ComeHomeAsync(home, recovery);
        Assert.Empty(Runbooks.SelectMany(_shell.NotRunOf));
    }

    private async Task TestAsync(DemoSite primary, DemoSite recovery)
    {
        // The array's mirror of a moment: copying files takes longer than a moment, so the guests hold still for it.
        foreach (var guest in _guests)
        {
            await _shell.RunAsync(primary, $"vm-pause vm={guest.Name}");
        }

        await Replica.MirrorAsync(primary.Storage, recovery.Storage);
        foreach (var guest in _guests)
        {
            await _shell.RunAsync(primary, $"vm-unpause vm={guest.Name}");
        }

        _shell["MIRROR"] = recovery.Storage;
        Assert.Contains(
            _shell["SR"], await _shell.RunAsync(recovery, "sr-probe type=file device-config:location=$MIRROR"), StringComparison.Ordinal);
        _shell["TASK"] = await _shell.RunAsync(recovery, "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR");
        Assert.Contains("everything", await _shell.RunAsync(recovery, "dr-plan-list"), StringComparison.Ordinal);
        await _shell.RunAsync(recovery, "dr-test plan=everything");

        _shell["RUN"] = await _shell.RunAsync(recovery, "dr-test plan=everything keep=true");
        var copies = await _shell.RunAsync(recovery, "vm-list params=name-label,power-state");
        Assert.Contains("db", copies, StringComparison.Ordinal);
        await _shell.RunAsync(recovery, "dr-run-show uuid=$RUN");
        await _shell.RunAsync(recovery, "dr-test-cleanup uuid=$RUN");
        Assert.DoesNotContain("db", await _shell.RunAsync(recovery, "vm-list params=name-label"), StringComparison.Ordinal);
        Assert.Contains("succeeded", await _shell.RunAsync(recovery, "dr-run-list"), StringComparison.Ordinal);
        await _shell.RunAsync(recovery, "dr-report uuid=$RUN");
        await _shell.RunAsync(recovery, "drtask-destroy uuid=$TASK");
    }

    private async Task FailOverAsync(DemoSite recovery, Dictionary<string, long> before)
    {
        await _shell.RunAsync(recovery, "drtask-create type=file device-config:location=$MIRROR sr-whitelist=$SR");
        await _shell.RunAsync(recovery, "dr-plan plan=everything", 4);
        _shell["RUN"] = await _shell.RunAsync(recovery, "dr-failover plan=everything source-dead=true --yes");
        await Patience.UntilAsync(() => _guests.All(g => g.Read(recovery).FirstCount is not null), "the guests count at the recovery site");
        Assert.All(_guests, g => Assert.InRange(g.Read(recovery).ResumedFrom, before[g.Name], before[g.Name] + 1));
        await _shell.RunAsync(recovery, "dr-status");
        _shell["REPORT"] = Path.Combine(recovery.Directory, "report.html");
        await _shell.RunAsync(recovery, "dr-report uuid=$RUN format=html file=$REPORT");
        var report = await File.ReadAllTextAsync(_shell["REPORT"], Stop);
        Assert.Contains("<html", report, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before.Count, report.Split("data:image/png;base64,iVBOR").Length - 1);
    }

    private async Task ComeHomeAsync(DemoSite home, DemoSite recovery)
    {
        _shell["PBD"] = await _shell.RunAsync(home, "pbd-list sr-uuid=$SR --minimal");
        await _shell.RunAsync(home, "pbd-unplug uuid=$PBD");
        await _shell.RunAsync(home, "sr-forget uuid=$SR");
        await Replica.MirrorAsync(recovery.Storage, home.Storage);
        _shell["STORAGE"] = home.Storage;
        await _shell.RunAsync(home, "drtask-create type=file device-config:location=$STORAGE sr-whitelist=$SR");
        (_shell["ADDRESS"], _shell["PASSWORD_FILE"]) = (recovery.Api.Server.ToString(), Path.Combine(home.Directory, "site-password"));
        await File.WriteAllTextAsync(_shell["PASSWORD_FILE"], (await File.ReadAllLinesAsync(recovery.PasswordFile, Stop))[1] + "\n", Stop);
        await _shell.RunAsync(home, "dr-site-add name=recovery address=$ADDRESS password-file=$PASSWORD_FILE");
        await _shell.RunAsync(home, "dr-site-list test=true");
        _shell["RUN"] = await _shell.RunAsync(home, "dr-failback source=recovery sr-uuid=$SR --yes", 5);

        // The guests are off there now, and the array brings their last state.
        var last = _production.Counts(recovery);
        Assert.All(_guests, g => Assert.True(last[g.Name] > 0));
        await Replica.MirrorAsync(recovery.Storage, home.Storage);
        await _shell.RunAsync(home, "dr-run-answer uuid=$RUN answer=done");
        await Patience.UntilAsync(
            () => _guests.All(g => g.Read(home) is { FirstCount: not null } now && now.ResumedFrom >= last[g.Name]),
            "the guests count on at home");
        Assert.Equal(Edited, await _shell.RunAsync(home, $"vm-param-get uuid={_guests[1].Uuid} param-name=name-description"));
        Assert.Equal("newcomer", await _shell.RunAsync(home, "vm-param-get uuid=$NEW param-name=name-label"));
        Assert.Equal(_shell["DISK"], await _shell.RunAsync(home, "vbd-list vm-uuid=$NEW params=vdi-uuid --minimal"));
        Assert.Contains("healthy", await _shell.RunAsync(home, "sr-database-replication-state uuid=$SR"), StringComparison.Ordinal);
    }
}
