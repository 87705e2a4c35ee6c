using System.Diagnostics;
using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests.Checks;

/// <summary>
/// The wizard with ten thousand VMs to recover, each of them with a finding: it shows as much as a person can look at, and no more.
/// </summary>
public sealed class LargeWizardTests(Browser browser) : IAsyncLifetime
{
    private const int Vms = 10_000;

    // What a page of a small pool has is some hundreds.
    private const int MostElements = 3_000;

    private readonly TwoPools _pools = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _pools.StartAsync();
        var sr = await _pools.Lyon.CreateSrAsync("replicated");
        await TwoPools.ForgeAsync(_pools.Lyon, tx =>
        {
            for (var i = 0; i < Vms; i++)
            {
                tx.Create(new VmRecord
                {
                    Uuid = tx.NewUuid(),
                    NameLabel = $"vm-{i:00000}",
                    MemoryStaticMax = 1 << 20,
                    MemoryDynamicMax = 1 << 20,
                    VcpusMax = 1,
                    VcpusAtStartup = 1,
                    Order = i % 3,
                    Tags = i % 4000 == 0 ? ["gold"] : [],
                    OtherConfig = new VmRecord().OtherConfig.Add("auto_poweron", "true"),
                });
            }
        });
        await _pools.Lyon.CallAsync("SR.enable_database_replication", [sr]);
        var uuid = (await TwoPools.GetAsync(_pools.Lyon, sr)).Uuid;
        await TwoPools.AttachAsync(_pools.Paris, await TwoPools.MirrorAsync(_pools.Lyon, sr, _pools.Paris), uuid);
    }

    public ValueTask DisposeAsync() => _pools.DisposeAsync();

    [Fact]
    [Trait("Needs", "soak")]
    public async Task Ten_thousand_VMs_go_through_the_wizard_without_ten_thousand_rows()
    {
        var page = await _pools.Paris.SignInAsync("recover?kind=failover");
        page.SetDefaultTimeout(60_000);
        await page.GetByLabel("I state that the source is dead").CheckAsync();
        await NextAsync(page, "Locate storage");
        await NextAsync(page, "Select vApps and VMs");
        await Expect(page.GetByText("10000 of 10000 VMs selected")).ToBeVisibleAsync();

        // What is found is selected as a whole: by name, or by tag.
        await page.Button("Select none").ClickAsync();
        await Expect(page.GetByText("0 of 10000 VMs selected")).ToBeVisibleAsync();
        await Expect(page.Button("Next")).ToHaveAttributeAsync("aria-disabled", "true");
        var find = page.GetByLabel("Find by name, vApp or tag");
        await find.FillAsync("gold");
        await page.Button("Select the 3 found").ClickAsync();
        await Expect(page.GetByText("3 of 10000 VMs selected")).ToBeVisibleAsync();
        await find.FillAsync("vm-0999");
        await page.Button("Select the 10 found").ClickAsync();
        await Expect(page.GetByText("13 of 10000 VMs selected")).ToBeVisibleAsync();
        await Expect(page.GetByText("vm-09999", new() { Exact = true })).ToBeVisibleAsync();
        await page.Button("Leave the 10 found out").ClickAsync();
        await Expect(page.GetByText("3 of 10000 VMs selected")).ToBeVisibleAsync();
        await Expect(page.Locator(".wizard .body")).ToHaveAttributeAsync("aria-busy", "false");
        await find.FillAsync("nobody");
        await Expect(page.GetByText("Nothing has nobody in its name")).ToBeVisibleAsync();
        await find.FillAsync("");
        await page.Button("Select all").ClickAsync();
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "vm-00000" }).UncheckAsync();
        await Expect(page.GetByText("9999 of 10000 VMs selected")).ToBeVisibleAsync();
        Assert.InRange(await page.Locator(".tree li").CountAsync(), 5, 60);

        // The end of the list is reached by scrolling, and by the keyboard.
        await page.Locator(".tall").EvaluateAsync("list => list.scrollTo(0, list.scrollHeight)");
        await Expect(page.GetByText("vm-09999", new() { Exact = true })).ToBeVisibleAsync();

        await NextAsync(page, "Mappings");
        await NextAsync(page, "Pre-checks");
        await Expect(page.Locator(".findings li").Nth(49)).ToBeAttachedAsync();
        Assert.InRange(await page.Locator(".findings li").CountAsync(), 50, 70);
        await page.GetByLabel("Find by object, code or words").FillAsync("vm-01234");
        await Expect(page.GetByText("VM vm-01234", new() { Exact = true })).ToBeVisibleAsync();
        await NextAsync(page, "Review");
        await Expect(page.Locator(".steps-plan li").Nth(49)).ToBeAttachedAsync();
        Assert.InRange(await page.Locator(".steps-plan li").CountAsync(), 50, 70);
        await Expect(page.Locator(".command code")).ToContainTextAsync("save them as a plan first");
        await page.Locator(".steps-plan .more button").ClickAsync();
        await Expect(page.Locator(".steps-plan li")).ToHaveCountAsync(161);
    }

    private static async Task NextAsync(IPage page, string step)
    {
        var watch = Stopwatch.StartNew();
        await page.Button("Next").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = step, Level = 2 })).ToBeVisibleAsync(new() { Timeout = 60_000 });
        TestContext.Current.SendDiagnosticMessage(
            "{0}: {1} ms, {2} characters", step, watch.ElapsedMilliseconds, (await page.ContentAsync()).Length);
        Assert.InRange(await page.Locator("body *").CountAsync(), 1, MostElements);
        Assert.InRange((await page.ContentAsync()).Length, 1, 400_000);
    }
}
