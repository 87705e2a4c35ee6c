using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Redoubt.Console.Recover;
using Redoubt.Recovery;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>Where somebody is in the wizard, and what they have chosen, outlives a reload, the back button and the browser.</summary>
public sealed class WizardAddressTests(Browser browser) : IAsyncLifetime
{
    private readonly TwoPools _pools = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _pools.StartAsync();
        var sr = await _pools.Lyon.CreateSrAsync("replicated");
        foreach (var name in new[] { "db", "web", "mail" })
        {
            await TwoPools.VmAsync(_pools.Lyon, name, sr);
        }

        await _pools.Lyon.CallAsync("SR.enable_database_replication", [sr]);
        var uuid = (await TwoPools.GetAsync(_pools.Lyon, sr)).Uuid;
        await TwoPools.AttachAsync(_pools.Paris, await TwoPools.MirrorAsync(_pools.Lyon, sr, _pools.Paris), uuid);
        await _pools.Paris.CreateUserAsync("ann", "pool-admin");
    }

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Fact]
    public async Task Where_somebody_is_outlives_a_reload_the_back_button_and_the_browser()
    {
        var page = await _pools.Paris.SignInAsync("recover");
        await page.GetByRole(AriaRole.Radio, new() { Name = "Failover", Exact = false }).Last.CheckAsync();
        await AtAsync(page, "Before you start", next: true);
        await page.GetByLabel("I state that the source is dead").CheckAsync();
        await AtAsync(page, "Locate storage", next: true);
        await AtAsync(page, "Select vApps and VMs", next: true);
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "mail" }).UncheckAsync();
        await Expect(page.Locator(".strip")).ToContainTextAsync("lyon");
        await Expect(page.Locator(".strip")).ToContainTextAsync("2 VMs");
        await AtAsync(page, "Mappings", next: true);
        await AtAsync(page, "Pre-checks", next: true);

        // Back in the browser is back in the wizard, with everything that was chosen.
        await page.GoBackAsync();
        await AtAsync(page, "Mappings");
        await page.GoBackAsync();
        await AtAsync(page, "Select vApps and VMs");
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "mail" })).Not.ToBeCheckedAsync();
        await page.GoForwardAsync();
        await AtAsync(page, "Mappings");

        var address = new Uri(page.Url).PathAndQuery["/console/".Length..];
        Assert.Contains("step=5", address, StringComparison.Ordinal);
        await page.OpenAsync(address);
        await AtAsync(page, "Mappings");
        await Expect(page.Locator(".strip")).ToContainTextAsync("2 VMs");
        await AtAsync(page, "Pre-checks", next: true);
        await Expect(page.Locator("[data-code=source-not-dead]")).ToHaveCountAsync(0);

        // Another browser goes on with it; another person has the choices, but states nothing by that.
        var other = await _pools.Paris.SignInAsync(address);
        await AtAsync(other, "Mappings");
        await AtAsync(other, "Pre-checks", next: true);
        await AtAsync(other, "Review", next: true);
        var theirs = await _pools.Paris.SignInAsync(address, "ann");
        await Expect(theirs.GetByText("root has chosen this.")).ToBeVisibleAsync();
        await AtAsync(theirs, "Mappings");
        await Expect(theirs.Locator(".strip")).ToContainTextAsync("2 VMs");
        await AtAsync(theirs, "Pre-checks", next: true);
        await Expect(theirs.Locator("[data-code=source-not-dead]").First).ToBeVisibleAsync();

        // What a daemon that was started again does not know is said, and begun anew.
        await page.OpenAsync("recover?kind=failover&step=7&draft=nobodys");
        await AtAsync(page, "Before you start");
        await Expect(page.GetByText("What was chosen on this page is no longer kept")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Recovery wizard" }).ClickAsync();
        await AtAsync(page, "What do you want to do");
    }

    [Fact]
    public async Task A_plan_is_begun_with_as_the_address_says_when_what_was_chosen_since_is_no_longer_kept()
    {
        await _pools.Paris.CallAsync(
            "recovery.save_plan",
            ["nightly", new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test, Chosen = new() { Vms = ["db"] } } }.ToJson()]);
        var page = await _pools.Paris.SignInAsync("recover?plan=nightly&kind=failover&step=5&draft=nobodys");
        await AtAsync(page, "Before you start");
        await Expect(page.GetByText("What was chosen on this page is no longer kept")).ToBeVisibleAsync();
        await Expect(page).ToHaveURLAsync(new Regex("plan=nightly&kind=failover&step=2$", RegexOptions.None, TimeSpan.FromSeconds(1)));
        await AtAsync(page, "Locate storage", next: true);
        await AtAsync(page, "Select vApps and VMs", next: true);
        await Expect(page.GetByRole(AriaRole.Checkbox, new() { Name = "mail" })).Not.ToBeCheckedAsync();
    }

    [Fact]
    public void What_was_not_touched_for_the_longest_time_gives_way_to_the_same_persons_and_to_nobody_elses()
    {
        var drafts = new WizardDrafts();
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true, AcceptedVolumes = ["v"] } };
        WizardDraft Of(string owner) => new(owner, RecoveryKind.Failover, request, null, false, false);
        var anns = drafts.Keep(null, Of("ann"));
        var first = drafts.Keep(null, Of("root"));
        var used = drafts.Keep(null, Of("root"));
        for (var i = 0; i < 15; i++)
        {
            drafts.Keep(used, Of("root"));
            drafts.Keep(null, Of("root"));
        }

        Assert.Null(drafts.Find(first));
        Assert.NotNull(drafts.Find(used));
        Assert.NotNull(drafts.Find(anns));
        var taken = Of("ann").For("root").Request.Policy;
        Assert.False(taken.IsSourceDead);
        Assert.Empty(taken.AcceptedVolumes);
        Assert.True(Of("ann").For("ann").Request.Policy.IsSourceDead);
    }

    private static async Task AtAsync(IPage page, string step, bool next = false)
    {
        if (next)
        {
            await page.Button("Next").ClickAsync();
        }

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = step, Level = 2 })).ToBeVisibleAsync();
        await Expect(page.Locator("[aria-busy=true]")).ToHaveCountAsync(0);
    }
}
