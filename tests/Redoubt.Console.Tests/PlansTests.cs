using Redoubt.Recovery;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class PlansTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_plan_that_is_not_there_stops_the_wizard_at_its_first_step()
    {
        var page = await _site.SignInAsync("recover?plan=gone&kind=failover");
        await Expect(page.GetByText("There is no plan gone here any more")).ToBeVisibleAsync();
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Heading, new() { Name = "What do you want to do", Level = 2 }))
            .ToBeVisibleAsync();
    }

    [Fact]
    public async Task What_is_ordered_on_a_page_is_in_the_audit_log()
    {
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test } };
        await _site.CallAsync("recovery.save_plan", ["shop", request.ToJson()]);
        var page = await _site.SignInAsync("plans");
        await page.Button("Test monthly").ClickAsync();
        await Expect(page.GetByText("shop will be tested on the first of each month.")).ToBeVisibleAsync();
        Assert.Contains(
            await _site.AuditAsync(),
            l => l.Contains("recovery.add_schedule", StringComparison.Ordinal) && l.Contains("root", StringComparison.Ordinal));
    }
}
