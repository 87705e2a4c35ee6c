using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class AppsTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_vApp_is_made_filled_and_put_in_order_with_the_keyboard_alone()
    {
        var (db, web) = (await _site.CreateVmAsync("db", default), await _site.CreateVmAsync("web", default));
        var page = await _site.SignInAsync("apps");
        await page.GetByLabel("Name of the new vApp").FillAsync("shop");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByRole(AriaRole.Link, new() { Name = "shop" }).PressAsync("Enter");
        // A page that was led to takes the focus to its heading; keys pressed before that go astray.
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "shop" })).ToBeFocusedAsync();
        foreach (var name in new[] { "db", "web" })
        {
            await page.GetByLabel("Add a VM").FillAsync(name);
            await page.Keyboard.PressAsync("Tab");
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.GetByRole(AriaRole.Article).Filter(new() { HasText = name })).ToBeVisibleAsync();
        }

        await page.Button("Start later: web").PressAsync("Enter");
        await Expect(page.GetByText("Tier 1").First).ToBeVisibleAsync();
        Assert.True((await OrderAsync(db)) < (await OrderAsync(web)));
    }

    [Fact]
    public async Task A_VM_is_dragged_into_a_tier_of_its_own_and_delays_move_the_timeline()
    {
        var app = await _site.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        var db = await _site.CreateVmAsync("db", default, app);
        var web = await _site.CreateVmAsync("web", default, app);
        var uuid = (await _site.CallAsync<VmApplianceRecord>("VM_appliance.get_record", [app])).Uuid;
        var page = await _site.SignInAsync($"apps/{uuid}");
        var card = page.GetByRole(AriaRole.Article).Filter(new() { HasText = "web" });
        await card.Locator(".grip").HoverAsync();
        await page.Mouse.DownAsync();
        await page.Locator(".gap").Last.HoverAsync();

        // The gaps open as soon as a card is held, which moves them.
        await Expect(page.Locator(".gap.open").Last).ToBeVisibleAsync();
        await page.Locator(".gap").Last.HoverAsync();
        await page.Mouse.UpAsync();
        await Expect(page.Locator(".tier")).ToHaveCountAsync(2);
        Assert.Equal((0, 1), (await OrderAsync(db), await OrderAsync(web)));

        var delay = page.GetByRole(AriaRole.Article).Filter(new() { HasText = "db" }).GetByLabel("Wait after start, seconds");
        await delay.FillAsync("90");
        await delay.PressAsync("Tab");
        await Expect(page.Locator(".timeline")).ToContainTextAsync("at 1:30");
        Assert.Equal(90, (await _site.CallAsync<VmRecord>("VM.get_record", [db])).StartDelay);
    }

    [Fact]
    public async Task A_health_check_is_chosen_and_kept_with_the_VM()
    {
        var app = await _site.CallAsync<Ref<VmApplianceRecord>>("VM_appliance.create", [new VmApplianceRecord { NameLabel = "shop" }]);
        var db = await _site.CreateVmAsync("db", default, app);
        var uuid = (await _site.CallAsync<VmApplianceRecord>("VM_appliance.get_record", [app])).Uuid;
        var page = await _site.SignInAsync($"apps/{uuid}");
        await page.GetByLabel("Healthy when").SelectOptionAsync("tcp");
        await page.GetByLabel("port, or host:port").FillAsync("5432");
        await page.GetByLabel("port, or host:port").PressAsync("Tab");
        await Expect(page.Locator("details.commands")).ToContainTextAsync("other-config:dr-health=tcp:5432");
        Assert.Equal("tcp:5432", (await _site.CallAsync<VmRecord>("VM.get_record", [db])).OtherConfig["dr-health"]);
    }

    private async Task<long> OrderAsync(Ref<VmRecord> vm) => (await _site.CallAsync<VmRecord>("VM.get_record", [vm])).Order;
}
