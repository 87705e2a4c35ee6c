using Microsoft.Playwright;
using Redoubt.Cli;
using Redoubt.Cli.Output;
using Redoubt.Console.Tests.Checks;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>
/// What is wrong between two sites, told on every surface: VMs that run at both, clocks that differ, metadata from the future.
/// </summary>
public sealed class TroubleTests(Browser browser) : IAsyncLifetime
{
    private readonly TwoPools _pools = new(browser);

    public async ValueTask InitializeAsync() => await _pools.StartAsync();

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Fact]
    public async Task A_VM_that_runs_at_both_sites_is_an_alarm_on_every_surface_of_both()
    {
        var (lyon, paris) = (_pools.Lyon, _pools.Paris);
        var there = await TwoPools.VmAsync(
            lyon, "web", await lyon.CreateSrAsync("storage"), v => v with { PowerState = VmPowerState.Running });
        var uuid = (await TwoPools.GetAsync(lyon, there)).Uuid;
        var here = await TwoPools.VmAsync(
            paris, "web", await paris.CreateSrAsync("storage"), v => v with { Uuid = uuid, PowerState = VmPowerState.Running });
        await _pools.AddLyonAsync();
        var page = await paris.SignInAsync();
        var issue = page.Locator(".issues li.bad", new() { HasText = "web runs here and at the site lyon as well" });
        await Expect(issue).ToBeVisibleAsync(new() { Timeout = 60_000 });

        var status = await StatusAsync(paris);
        var told = Assert.Single(status.Problems, p => p.Contains("runs here and at site lyon", StringComparison.Ordinal));
        Assert.Contains(uuid, status.Problems[0], StringComparison.Ordinal);
        Assert.Contains("! " + told, await DrStatusAsync(paris), StringComparison.Ordinal);
        foreach (var site in new[] { lyon, paris })
        {
            var message = Assert.Single((await site.AllAsync<MessageRecord>()).Values, m => m.Name == "VM_RUNS_TWICE");
            Assert.Equal((uuid, 1), (message.ObjUuid, message.Priority));
        }

        // It is told once, and goes when it is over.
        await TwoPools.ForgeAsync(paris, tx => tx.Update(here, v => v with { PowerState = VmPowerState.Halted }));
        await Expect(issue).ToHaveCountAsync(0, new() { Timeout = 60_000 });
        Assert.DoesNotContain("runs here and at site", await DrStatusAsync(paris), StringComparison.Ordinal);
        Assert.Single((await paris.AllAsync<MessageRecord>()).Values, m => m.Name == "VM_RUNS_TWICE");
    }

    [Fact]
    public async Task Ages_that_can_not_be_true_are_told_on_every_surface()
    {
        var (lyon, paris) = (_pools.Lyon, _pools.Paris);
        await lyon.StopAsync();
        _pools.LyonClock.Advance(TimeSpan.FromDays(3));
        await lyon.StartAsync(lyon.Url.ToString());
        var sr = await lyon.CreateSrAsync("replicated");
        await TwoPools.VmAsync(lyon, "web", sr);
        await lyon.CallAsync("SR.enable_database_replication", [sr]);
        var uuid = (await TwoPools.GetAsync(lyon, sr)).Uuid;
        var mirrored = await TwoPools.AttachAsync(paris, await TwoPools.MirrorAsync(lyon, sr, paris), uuid);
        await _pools.AddLyonAsync();
        await Patience.UntilAsync(() => paris.Server.Recovery.SiteProblems.OfType<Problem.SiteClock>().Any(), "the clocks are compared");

        // The API and the command line: no age is told that is none.
        var status = await StatusAsync(paris);
        Assert.Single(status.Problems, p => p.Contains("The clock of site lyon is 3 days ahead of the one here", StringComparison.Ordinal));
        Assert.Single(
            status.Problems,
            p => p.Contains(
                "The metadata of pool lyon on SR replicated say that they were written 3 days after now", StringComparison.Ordinal));
        var shown = await DrStatusAsync(paris);
        Assert.All(status.Problems, p => Assert.Contains(p, shown, StringComparison.Ordinal));
        Assert.Contains("(AFTER NOW)", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(" ago", shown, StringComparison.Ordinal);

        // The command that asks no daemon.
        var volume = (await paris.AllAsync<VdiRecord>()).Single(v => v.Value is { Type: VdiType.Metadata } && v.Value.Sr == mirrored);
        var file = Directory.GetFiles(
            await TwoPools.LocationAsync(paris, mirrored), volume.Value.Uuid + "*", SearchOption.AllDirectories).Single();
        Assert.Contains("one of the two clocks is wrong", await RunAsync(paris, "inspect", file), StringComparison.Ordinal);

        // The console: the dashboard, the volume's page, and the wizard that offers it.
        var page = await paris.SignInAsync();
        await Expect(page.Locator(".issues li.warn", new() { HasText = "The clock of the site lyon is 3 days ahead" })).ToBeVisibleAsync();
        await page.OpenAsync($"inspect/{volume.Value.Uuid}");
        await Expect(page.GetByText("one of the two clocks is wrong")).ToBeVisibleAsync();
        await Expect(page.Locator("dl time", new() { HasText = "3 days after now: a clock is wrong" }).First).ToBeVisibleAsync();
        await page.OpenAsync("recover?kind=failover");
        await TwoPools.NextUntilAsync(page, "Locate storage");
        await Expect(page.Locator(".wizard table time", new() { HasText = "3 days after now: a clock is wrong" })).ToBeVisibleAsync();

        // A plan that is made from it.
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test }, SrUuids = [uuid] };
        var plan = RecoveryJson.Read<PlannedRecovery>(await paris.CallAsync<string>("recovery.plan", [request.ToJson()])).Plan;
        Assert.Contains(plan.Findings, f => f.Code == "metadata-from-future");
    }

    [Fact]
    public async Task What_shows_that_a_volume_is_genuine_is_told_where_it_is_chosen_and_an_unproven_one_is_believed_by_a_click()
    {
        var (lyon, paris) = (_pools.Lyon, _pools.Paris);
        var sr = await lyon.CreateSrAsync("replicated");
        await TwoPools.VmAsync(lyon, "web", sr);
        await lyon.CallAsync("SR.enable_database_replication", [sr]);
        var services = paris.Server.Daemon.Services;
        await services.TrustKeyAsync(lyon.Server.Daemon.Services.State.Get(lyon.Server.Daemon.Services.Pool).Uuid, new string('0', 64));
        var mirror = await TwoPools.MirrorAsync(lyon, sr, paris);
        var mirrored = await TwoPools.AttachAsync(paris, mirror, (await TwoPools.GetAsync(lyon, sr)).Uuid);
        var volume = (await paris.AllAsync<VdiRecord>()).Values.Single(v => v.Sr == mirrored && v.Type == VdiType.Metadata).Uuid;

        // The command that asks no pool tells the key, and the volume's page what this pool makes of it.
        Assert.Contains(
            "signed as volume " + volume,
            await RunAsync(paris, "inspect", Directory.GetFiles(mirror, volume + "*", SearchOption.AllDirectories).Single()),
            StringComparison.Ordinal);
        var page = await paris.SignInAsync();
        await page.OpenAsync($"inspect/{volume}");
        await Expect(page.GetByText("UNPROVEN: it is signed with the key")).ToBeVisibleAsync();

        await page.OpenAsync("recover?kind=test");
        await TwoPools.NextUntilAsync(page, "Locate storage");
        await Expect(page.Locator(".wizard td", new() { HasText = "UNPROVEN: it is signed with the key" })).ToBeVisibleAsync();
        var believe = page.GetByLabel("Believe it: I have made sure that lyon is genuine");
        await believe.CheckAsync();
        Assert.Equal("Pre-checks", await TwoPools.NextUntilAsync(page, "Pre-checks"));
        var row = page.Locator(".findings li[data-code='volume-accepted']");
        await Expect(row).ToBeVisibleAsync();
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await Expect(row).ToHaveCountAsync(0);

        // It may be believed there as well.
        var unproven = page.Locator(".findings li[data-code='volume-unproven']");
        await unproven.GetByRole(AriaRole.Button).ClickAsync();
        await Expect(row).ToBeVisibleAsync();
        await TwoPools.NextUntilAsync(page, "Review");
        await Expect(page.GetByText($"accept-volume={volume}").First).ToBeAttachedAsync();
    }

    private static async Task<DrStatus> StatusAsync(TestSite site) =>
        RecoveryJson.Read<DrStatus>(await site.CallAsync<string>("recovery.get_status", []));

    private static Task<string> DrStatusAsync(TestSite site) =>
        RunAsync(site, "-s", site.Url.ToString(), "-u", "root", "-pw", TestSite.Password, "dr-status");

    private static async Task<string> RunAsync(TestSite site, params string[] words)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var app = new App(
            new Terminal(output, error, isInteractive: false), Path.Combine(site.NewDirectory(), "known-pools"), TimeProvider.System);
        Assert.True(await app.RunAsync(words, null, TestContext.Current.CancellationToken) == 0, error.ToString());
        return output.ToString();
    }
}
