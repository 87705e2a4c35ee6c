using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Redoubt.Console.Plans;
using Redoubt.Recovery;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class ScheduleTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _site.InitializeAsync();
        await _site.CallAsync("recovery.save_plan", ["shop", new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test } }.ToJson()]);
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Theory]
    [InlineData(Often.Day, "0 3 * * *")]
    [InlineData(Often.Week, "0 3 * * 6")]
    [InlineData(Often.Month, "0 3 12 * *")]
    [InlineData(Often.Own, "*/5 1-4 * * 1,3")]
    internal void What_is_chosen_is_what_cron_is_told(Often every, string cron) =>
        Assert.Equal(cron, new ScheduleChoice(every, 3, 6, 12, " */5 1-4 * * 1,3 ").Cron);

    [Fact]
    public async Task Schedules_are_made_with_easy_choices_or_as_cron_says_and_removed()
    {
        var page = await _site.SignInAsync("plans/edit?plan=shop");
        var panel = page.GetByRole(AriaRole.Region, new() { Name = "Scheduled tests" });
        await page.GetByLabel("How often").SelectOptionAsync("Week");
        await page.GetByLabel("On", new() { Exact = true }).SelectOptionAsync("2");
        await page.GetByLabel("At (UTC)").SelectOptionAsync("4");
        await Expect(page.Locator("#due")).ToContainTextAsync(new Regex("(Tue .*04:00.*){3}"));
        await page.Button("Add the schedule").ClickAsync();
        await Expect(panel.GetByRole(AriaRole.Cell, new() { Name = "0 4 * * 2" })).ToBeVisibleAsync();
        await Expect(panel.GetByText("never due yet")).ToBeVisibleAsync();

        await page.GetByLabel("How often").SelectOptionAsync("Own");
        await page.GetByLabel("Minute, hour, day, month, weekday").FillAsync("61 3 * * *");
        await Expect(page.Locator("#due")).ToContainTextAsync("In a schedule the minute is a number from 0 to 59");
        await Expect(page.Button("Add the schedule")).ToHaveAttributeAsync("aria-disabled", "true");
        await page.GetByLabel("Minute, hour, day, month, weekday").FillAsync("30 2 1 1,7 *");
        await page.GetByLabel("Schedule", new() { Exact = true }).FillAsync("half-yearly");
        await page.Button("Add the schedule").ClickAsync();
        await Expect(panel.GetByRole(AriaRole.Cell, new() { Name = "30 2 1 1,7 *" })).ToBeVisibleAsync();
        await page.ShotAsync("plan-schedules");

        // A name that is taken is refused as the API says it.
        await page.GetByLabel("Schedule", new() { Exact = true }).FillAsync("half-yearly");
        await page.Button("Add the schedule").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("half-yearly");

        await page.Button("Remove: schedule half-yearly").ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Expect(page.GetByText("The schedule half-yearly is removed.")).ToBeVisibleAsync();
        await Expect(panel.GetByRole(AriaRole.Cell, new() { Name = "30 2 1 1,7 *" })).ToHaveCountAsync(0);
        await page.OpenAsync("plans");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "shop" }).GetByRole(AriaRole.Link, new() { Name = "next in" }))
            .ToBeVisibleAsync();

        // A schedule does not outlive its plan unseen.
        await _site.CallAsync("recovery.remove_plan", ["shop"]);
        await Expect(page.GetByText("The schedule shop tests a plan shop that is not there.")).ToBeVisibleAsync();
        await page.Button("Remove").ClickAsync();
        await Expect(page.GetByText("The schedule shop is removed.")).ToBeVisibleAsync();
        Assert.Equal("[]", (await _site.CallAsync<string>("recovery.get_schedules", [])).Trim());
    }

    [Fact]
    public async Task What_was_missed_and_what_could_not_be_started_is_shown()
    {
        await _site.CallAsync("recovery.add_schedule", ["nightly", "shop", "0 3 1 1 *"]);
        await _site.StopAsync();
        var file = Path.Combine(Path.GetDirectoryName(_site.NewDirectory())!, "data", "schedules.json");
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        text = text.Replace("\"missed\": 0", """
            "missed": 3, "lastMissed": "2026-01-01T03:00:00Z", "last": {"at": "2025-12-31T03:00:00Z", "failure": "The SR is gone."}
            """, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        await _site.StartAsync(_site.Url.ToString());
        var page = await _site.SignInAsync("plans/edit?plan=shop");
        await Expect(page.GetByText("Missed 3 times")).ToBeVisibleAsync();
        await Expect(page.GetByText("Not started")).ToBeVisibleAsync();
        await Expect(page.GetByText("The SR is gone.")).ToBeVisibleAsync();
        await page.OpenAsync("plans");
        await Expect(page.GetByText("Look at the schedule")).ToBeVisibleAsync();
    }
}
