using Microsoft.Playwright;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>The whole story, with real guests, done by nothing but a browser.</summary>
public sealed class StoryTests(Browser browser)
{
    private const float Long = 120_000;

    [Fact]
    public async Task Protected_at_one_site_tested_and_failed_over_at_the_other()
    {
        await using var sites = await RealSites.StartAsync();

        // 1. Protect the storage and start the vApp, at the primary site.
        var paris = await sites.VisitAsync(browser, sites.Primary, "protection");
        await paris.GetByRole(AriaRole.Switch, new() { Name = "Protect replicated" }).ClickAsync();
        await Expect(paris.GetByText("Every VM would come back")).ToBeVisibleAsync();
        await paris.OpenAsync("apps");
        await paris.Button("Start: shop").ClickAsync();
        await sites.CountsAsync(sites.Primary);

        // 2. The disaster, and what the array has brought over.
        var before = sites.Guests.ToDictionary(g => g.Name, g => g.Read(sites.Primary).LastCount!.Value);
        await sites.Primary.KillAsync();
        await RealSites.MirrorAsync(sites.Primary, sites.Recovery);

        // 3. A test failover from the wizard, cleaned up by itself.
        var lyon = await sites.VisitAsync(browser, sites.Recovery, "recover");
        await ChooseAsync(lyon, "Test failover");
        await NextAsync(lyon, "Locate storage");
        await lyon.GetByLabel("Device configuration").FillAsync($"location={sites.Recovery.Storage}");
        await lyon.Button("Find").ClickAsync();
        await lyon.Button("Attach for looking").ClickAsync();
        await Expect(lyon.GetByText("Intact", new() { Exact = true })).ToBeVisibleAsync();
        await lyon.ShotAsync("wizard-storage");
        await NextAsync(lyon, "Select vApps and VMs");
        await Expect(lyon.GetByText("shop", new() { Exact = true })).ToBeVisibleAsync();
        await lyon.ShotAsync("wizard-select");

        // Nothing ticked is nothing, not everything.
        await lyon.GetByRole(AriaRole.Checkbox, new() { Name = "shop" }).UncheckAsync();
        await Expect(lyon.Button("Next")).ToHaveAttributeAsync("aria-disabled", "true");
        await lyon.GetByRole(AriaRole.Checkbox, new() { Name = "shop" }).CheckAsync();
        await NextAsync(lyon, "Mappings");
        await NextAsync(lyon, "Pre-checks");
        await lyon.ShotAsync("wizard-checks-test");
        await NextAsync(lyon, "Review");
        await lyon.ShotAsync("wizard-review-test");
        await lyon.GetByLabel("Name of the plan").FillAsync("everything");
        await lyon.Button("Save as a plan").ClickAsync();
        await Expect(lyon.GetByText("The plan everything is saved")).ToBeVisibleAsync();
        await lyon.Button("Start the test").ClickAsync();
        await lyon.WaitForURLAsync("**/runs/*");
        await Expect(lyon.GetByRole(AriaRole.Heading, new() { Name = "Over time" })).ToBeVisibleAsync();
        await lyon.ShotAsync("run-test");
        await Expect(lyon.GetByText("Succeeded", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = Long });
        Assert.DoesNotContain((await AllVmsAsync(sites.Recovery)), v => v.OtherConfig.ContainsKey("dr-test"));

        // 4. The failover itself: what blocks is dealt with, and the name of the pool is typed. A second browser watches.
        await lyon.OpenAsync("recover?kind=failover");
        await NextAsync(lyon, "Locate storage");
        await NextAsync(lyon, "Select vApps and VMs");
        await NextAsync(lyon, "Mappings");
        await NextAsync(lyon, "Pre-checks");
        await Expect(lyon.GetByText("source-not-dead", new() { Exact = true })).ToBeVisibleAsync();
        await lyon.ShotAsync("wizard-checks-blocked");
        await lyon.GetByRole(AriaRole.Button, new() { Name = "Before you start", Exact = true }).ClickAsync();
        await lyon.GetByText("I state that the source is dead").ClickAsync();
        await NextAsync(lyon, "Locate storage");
        await NextAsync(lyon, "Select vApps and VMs");
        await NextAsync(lyon, "Mappings");
        await NextAsync(lyon, "Pre-checks");
        await NextAsync(lyon, "Review");
        await lyon.GetByLabel("To go on, type the name of the pool").FillAsync("lyon");
        await lyon.ShotAsync("wizard-review", whole: false);
        await lyon.Button("Fail over").ClickAsync();
        await lyon.WaitForURLAsync("**/runs/*");
        var watcher = await sites.VisitAsync(browser, sites.Recovery, new Uri(lyon.Url).PathAndQuery["/console/".Length..]);
        await Expect(watcher.GetByText("Succeeded", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(lyon.GetByText("Succeeded", new() { Exact = true })).ToBeVisibleAsync();
        await lyon.Button("Show the screens").ClickAsync();
        await Expect(lyon.GetByRole(AriaRole.Img, new() { Name = "db" })).ToBeVisibleAsync();
        await lyon.ShotAsync("run-whole");
        await lyon.EvaluateAsync("scrollTo(0, 0)");
        await lyon.ShotAsync("run", whole: false);

        // 5. The guests are back, with everything that they had said.
        await sites.CountsAsync(sites.Recovery, before);
        foreach (var guest in sites.Guests)
        {
            Assert.True(guest.Read(sites.Recovery).ResumedFrom >= before[guest.Name], guest.Name);
        }

        await lyon.GetByRole(AriaRole.Link, new() { Name = "Open the report" }).ClickAsync();
        await Expect(lyon.FrameLocator("iframe").GetByText("db").First).ToBeVisibleAsync();
        foreach (var (path, heading) in new[] { ("runs", "History"), ("plans", "Recovery plans"), ("", "Dashboard"), ("sites", "Sites"), ("protection", "Protection") })
        {
            await lyon.OpenAsync(path);
            await Expect(lyon.Heading(heading)).ToBeVisibleAsync();
            await lyon.ShotAsync("after-" + (path.Length == 0 ? "dashboard" : path), whole: path.Length > 0);
            Assert.Empty(await Accessibility.CheckAsync(lyon));
        }

        // 6. Home again: the primary is mended, the array turns round, and the failback asks for that itself.
        await sites.MendPrimaryAsync();
        var home = await sites.VisitAsync(browser, sites.Primary, "sites");
        await home.GetByLabel("Name", new() { Exact = true }).FillAsync("lyon");
        await home.GetByLabel("Address").FillAsync(sites.Recovery.Api.Server.ToString());
        await home.GetByLabel("Password there").FillAsync(await RealSites.PasswordAsync(sites.Recovery));
        await home.Button("Add the site").ClickAsync();
        await Expect(home.GetByText("lyon is added: it is the pool lyon.")).ToBeVisibleAsync();
        await home.OpenAsync("recover?kind=failback");
        await NextAsync(home, "Locate storage");
        await home.GetByLabel("Device configuration").FillAsync($"location={sites.Primary.Storage}");
        await home.Button("Find").ClickAsync();
        await home.Button("Attach for looking").ClickAsync();
        await Expect(home.GetByText("Intact", new() { Exact = true })).ToBeVisibleAsync();
        await NextAsync(home, "Select vApps and VMs");
        await NextAsync(home, "Mappings");
        await NextAsync(home, "Pre-checks");
        await home.ShotAsync("wizard-checks-failback");
        await NextAsync(home, "Review");
        await home.GetByLabel("To go on, type the name of the pool").FillAsync("paris");
        await home.Button("Fail back").ClickAsync();
        await home.WaitForURLAsync("**/runs/*");
        await Expect(home.GetByText("Waiting for you").First).ToBeVisibleAsync(new() { Timeout = Long });
        await home.ShotAsync("run-question");
        var away = sites.Guests.ToDictionary(g => g.Name, g => g.Read(sites.Recovery).LastCount!.Value);
        await RealSites.MirrorAsync(sites.Recovery, sites.Primary);
        await home.Button("Done, go on").ClickAsync();
        await Expect(home.GetByText("Succeeded", new() { Exact = true })).ToBeVisibleAsync(new() { Timeout = Long });
        await sites.CountsAsync(sites.Primary, away);
    }

    internal static async Task NextAsync(IPage page, string step)
    {
        await page.Button("Next").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = step, Level = 2 })).ToBeVisibleAsync(new() { Timeout = 60_000 });
    }

    private static async Task ChooseAsync(IPage page, string kind)
    {
        await page.GetByRole(AriaRole.Radio, new() { Name = kind }).CheckAsync();
        await NextAsync(page, "Before you start");
    }

    private static async Task<List<VmRecord>> AllVmsAsync(DemoSite site) =>
        [.. (await site.Api.GetAllRecordsAsync<VmRecord>(TestContext.Current.CancellationToken)).Values.Where(v => !v.IsATemplate)];
}
