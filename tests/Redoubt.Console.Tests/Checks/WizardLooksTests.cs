using Microsoft.Playwright;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>Every page of the wizard, at three sizes and in both themes: axe finds nothing wrong.</summary>
public sealed class WizardLooksTests(Browser browser) : IAsyncLifetime
{

    private readonly TwoPools _pools = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _pools.StartAsync();
        var (lyon, paris) = (_pools.Lyon, _pools.Paris);
        var sr = await lyon.CreateSrAsync("replicated");
        var shop = await lyon.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        var front = await TwoPools.NetworkAsync(lyon, "front");
        foreach (var (name, order) in new[] { ("db", 0), ("app-1", 1), ("app-2", 1), ("web", 2) })
        {
            await TwoPools.ConnectAsync(lyon, await lyon.CreateVmAsync(name, sr, shop, order, delay: 2 - order), front);
        }

        var mail = await lyon.CreateVmAsync("mail", sr, order: 2);
        var files = await lyon.CreateVmAsync("files", sr, order: 2);
        await TwoPools.ForgeAsync(lyon, tx =>
        {
            tx.Update(mail, v => v with { OtherConfig = v.OtherConfig.Add("auto_poweron", "true") });
            tx.Create(new VmRecord { Uuid = tx.NewUuid(), NameLabel = "before the update", IsASnapshot = true, SnapshotOf = mail });
        });
        await lyon.CallAsync("SR.enable_database_replication", [sr]);
        var uuid = (await TwoPools.GetAsync(lyon, sr)).Uuid;
        await TwoPools.AttachAsync(paris, await TwoPools.MirrorAsync(lyon, sr, paris, await TwoPools.DiskOfAsync(lyon, files)), uuid);
        await paris.CallAsync("network.create", [new NetworkRecord { NameLabel = "office" }]);
        var here = (await TwoPools.GetAsync(lyon, mail)).Uuid;
        await TwoPools.ForgeAsync(paris, tx => tx.Create(new VmRecord { Uuid = here, NameLabel = "mail", MemoryDynamicMax = 64 << 20 }));
    }

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Fact]
    public async Task The_pages_of_the_wizard_can_be_used_by_everybody_and_fit_every_screen()
    {
        await RehearseAsync();
        var looks = new Looks();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var page = await _pools.Paris.SignInAsync("recover", scheme: scheme);
            Task Look(string step) => looks.AtAsync(page, $"wizard-{step}", scheme);

            await page.GetByRole(AriaRole.Radio, new() { Name = "Failover", Exact = false }).Last.CheckAsync();
            await Look("1-what");
            await NextAsync(page, "Before you start");
            await Look("2-before");
            await NextAsync(page, "Locate storage");
            await Look("3-storage");
            await NextAsync(page, "Select vApps and VMs");
            await Expect(page.GetByLabel("Taken from, for mail")).ToBeVisibleAsync();
            await Look("4-select");
            await page.GetByLabel("Taken from, for mail").SelectOptionAsync(new[] { await LyonsAsync(page) });
            await Expect(page.GetByText("Why: the operator chose this copy")).ToBeVisibleAsync();
            await NextAsync(page, "Mappings");
            await Look("5-map");
            await NextAsync(page, "Pre-checks");
            foreach (var severity in new[] { "bad", "warn", "info" })
            {
                await Expect(page.Locator($".findings li.{severity}").First).ToBeVisibleAsync();
            }

            await Look("6-checks");
            await page.GetByRole(AriaRole.Button, new() { Name = "Before you start" }).First.ClickAsync();
            await page.GetByLabel("I state that the source is dead").CheckAsync();
            Assert.Equal("Pre-checks", await TwoPools.NextUntilAsync(page, "Pre-checks"));
            await page.GetByRole(AriaRole.Button, new() { Name = "Resolve: make an internal network" }).ClickAsync();
            await Expect(page.GetByText("Will be resolved by the run")).ToBeVisibleAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Go without it" }).ClickAsync();
            await Expect(page.GetByText("Nothing stands in the way")).ToBeVisibleAsync();
            await Look("6-checks-resolved");
            await NextAsync(page, "Review");
            await Look("7-review");
            await page.Context.CloseAsync();
        }

        looks.RequireNothingWrong();
    }

    // A test failover of it all, so that there is something to forecast from.
    private async Task RehearseAsync()
    {
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test, AcceptedMissingDisks = [await FilesDiskAsync()] } };
        var planned = RecoveryJson.Read<Desk.PlannedRecovery>(await _pools.Paris.CallAsync<string>("recovery.plan", [request.ToJson()]));
        Assert.Equal((TimeSpan.Zero, planned.Plan.Steps.Length), (planned.Forecast!.Known, planned.Forecast.Unknown));
        var run = RunRecord.FromJson(
            await _pools.Paris.CallAsync<string>(
                "recovery.get_run", [await _pools.Paris.CallAsync<string>("recovery.start_test", [request.ToJson(), planned.Digest])]));
        while (!run.Phase.IsFinal() && run.Phase is not (RunPhase.Waiting or RunPhase.Interrupted))
        {
            run = RunRecord.FromJson(await _pools.Paris.CallAsync<string>("recovery.wait_run", [run.Uuid, run.Revision, 20.0]));
        }

        Assert.True(run.Phase == RunPhase.Succeeded, run.ToJson());
        planned = RecoveryJson.Read<Desk.PlannedRecovery>(await _pools.Paris.CallAsync<string>("recovery.plan", [request.ToJson()]));
        Assert.Equal(0, planned.Forecast!.Unknown);
        Assert.True(planned.Forecast.Known > TimeSpan.Zero);
    }

    private async Task<string> FilesDiskAsync() =>
        (await _pools.Lyon.AllAsync<VdiRecord>()).Values.Single(v => v.NameLabel == "files disk").Uuid;

    private static async Task<string> LyonsAsync(IPage page) =>
        (await page.GetByLabel("Taken from, for mail").Locator("option", new() { HasText = "lyon" }).Last.GetAttributeAsync("value"))!;

    private static async Task NextAsync(IPage page, string step)
    {
        await page.Button("Next").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = step, Level = 2 })).ToBeVisibleAsync(new() { Timeout = 60_000 });
    }
}
