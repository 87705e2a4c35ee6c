using System.Collections.Immutable;
using Microsoft.Playwright;
using Redoubt.Console.Recover;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Storage that the wizard has attached is let go again.</summary>
public sealed class ReleaseTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Storage_is_attached_with_several_keys_and_let_go_unless_a_run_needs_it()
    {
        string location;
        await using (var lost = new TestSite(browser))
        {
            await lost.InitializeAsync();
            var sr = await lost.CreateSrAsync("replicated");
            await lost.CreateVmAsync("db", sr);
            await lost.CallAsync("SR.enable_database_replication", [sr]);
            var theirs = (await lost.AllAsync<PbdRecord>()).Values.Single(p => p.Sr == sr).DeviceConfig["location"];
            location = _site.NewDirectory();
            await lost.StopAsync();
            await Replica.MirrorAsync(theirs, location);
            await lost.StartAsync(lost.Url.ToString());
        }

        var page = await _site.SignInAsync("recover?kind=failover");
        await page.Button("Next").ClickAsync();
        await page.GetByLabel("Device configuration").FillAsync($"location={location} location=/elsewhere");
        await page.Button("Find").ClickAsync();
        await Expect(page.GetByText("The device configuration says twice what location is.")).ToBeVisibleAsync();
        await page.GetByLabel("Device configuration").FillAsync($"location={location}");
        await page.GetByLabel("Passwords among them").FillAsync("cifspassword=hunter2");
        await page.GetByLabel("Passwords among them").PressAsync("Tab");
        await Expect(page.GetByText("device-config:cifspassword='(secret)'").First).ToBeAttachedAsync();
        Assert.DoesNotContain("hunter2", await page.Locator("main").InnerTextAsync());
        await page.GetByLabel("Passwords among them").FillAsync("");
        await page.Button("Find").ClickAsync();
        await page.Button("Attach for looking").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "replicated" })).ToBeVisibleAsync();
        await page.ShotAsync("recover-storage-attached");
        Assert.Empty(await Accessibility.CheckAsync(page));

        var state = _site.Server.Daemon.Services.State;
        Assert.Null(Assert.Single(AttachedTask.All(state, [])).User);
        var named = state.All<SrRecord>().Single(s => s.Record.NameLabel == "replicated").Record.Uuid;
        Assert.NotNull(AttachedTask.All(state, [Run()])[0].User);
        Assert.NotNull(AttachedTask.All(state, [Run(named)])[0].User);
        Assert.Null(AttachedTask.All(state, [Run(Guid.NewGuid().ToString("D"))])[0].User);

        await page.Button("Release: replicated").ClickAsync();
        await Expect(page.GetByText("replicated is released; nothing has been written to it.")).ToBeVisibleAsync();
        await Expect(page.GetByText("No attached storage carries another pool's metadata")).ToBeVisibleAsync();
        await Expect(page.Button("Attach for looking")).ToBeVisibleAsync();
        Assert.Empty(_site.Server.Daemon.Services.State.All<DrTaskRecord>());
    }

    private static RunRecord Run(params ImmutableArray<string> srs) => new()
    {
        Uuid = "run",
        Request = new() { Policy = new() { Kind = RecoveryKind.Failover }, SrUuids = srs },
        Plan = new() { Kind = RecoveryKind.Failover, Target = new(ObjectKind.Pool, "pool", "pool"), InventoryTakenAt = default },
        StartedBy = "ann",
        StartedAt = default,
        Phase = RunPhase.Running,
        Revision = 1,
    };
}
