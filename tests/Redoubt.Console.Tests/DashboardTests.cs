using System.Collections.Immutable;
using Microsoft.Playwright;
using Redoubt.Recovery;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>What the dashboard shows of both sites and of what runs have measured.</summary>
public sealed class DashboardTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);
    private readonly TestSite _other = new(browser) { Name = "lyon" };

    public async ValueTask InitializeAsync()
    {
        await _site.InitializeAsync();
        await _other.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _other.DisposeAsync();
        await _site.DisposeAsync();
    }

    [Fact]
    public async Task Both_sites_are_drawn_and_what_runs_have_measured()
    {
        var replicated = await _site.CreateSrAsync("replicated");
        await _site.CallAsync("SR.enable_database_replication", [replicated]);
        var db = await _site.CreateVmAsync("db", replicated);
        var web = await _site.CreateVmAsync("web", replicated);
        await _site.CallAsync("VM.add_to_other_config", [db, "dr-rpo-target", "60"]);
        await _site.CallAsync("VM.add_to_other_config", [web, "dr-rto-target", "900"]);
        await _other.CreateVmAsync("mail", default);
        await _site.CallAsync("recovery.add_site", ["lyon", _other.Url.ToString(), "root", TestSite.Password]);
        await _site.SeedAsync(
            new SeededRun(RecoveryKind.Test, minutesAgo: 90).Succeeded(), new SeededRun(RecoveryKind.Test, minutesAgo: 60).Undone(),
            new SeededRun(RecoveryKind.Failover, minutesAgo: 30).Succeeded(), new SeededRun(RecoveryKind.Test, minutesAgo: 10).Partial());
        await _site.CallAsync("VM.start", [db, false, false]);
        var looks = new Looks();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var page = await _site.SignInAsync(scheme: scheme);
            var map = page.GetByRole(AriaRole.Region, new() { Name = "Both sites" });
            await Expect(map.GetByRole(AriaRole.Img, new() { Name = "1 VM: 1 running" })).ToBeVisibleAsync();
            await Expect(map.GetByRole(AriaRole.Img, new() { Name = "1 VM: 1 off" })).ToHaveCountAsync(2);
            await Expect(map.GetByText("Answers", new() { Exact = true })).ToBeVisibleAsync();
            await Expect(map.Locator(".flow.ok").GetByText("Current")).ToBeVisibleAsync();

            // What was undone and what did not come up in full has no recovery time.
            var times = page.GetByRole(AriaRole.Region, new() { Name = "Recovery times" });
            await Expect(times.GetByRole(AriaRole.Link)).ToHaveCountAsync(2);
            await Expect(page.GetByText("The metadata that the last run recovered from were 2 minutes old.")).ToBeVisibleAsync();

            var targets = page.GetByRole(AriaRole.Region, new() { Name = "Targets" });
            await Expect(targets.GetByRole(AriaRole.Row, new() { Name = "VM db" })).ToContainTextAsync("0 seconds of 60 seconds");
            await Expect(targets.GetByRole(AriaRole.Row, new() { Name = "VM web" })).ToContainTextAsync("not measured, of 15 minutes");

            // A test has passed: nobody needs the first steps any more.
            await Expect(page.GetByText("Five steps to a first test")).ToHaveCountAsync(0);
            await looks.AtAsync(page, "dashboard-full", scheme);
        }

        looks.RequireNothingWrong();
        await _other.StopAsync();
        var last = await _site.SignInAsync();
        await Expect(last.GetByRole(AriaRole.Region, new() { Name = "Both sites" }).GetByText("Does not answer")).ToBeVisibleAsync();
        await _other.StartAsync(_other.Url.ToString());
    }

    [Fact]
    public async Task A_second_person_approves_with_a_button_and_the_first_is_told_that_they_can_not()
    {
        var gold = await _site.CreateSrAsync("gold");
        await _site.CallAsync("SR.enable_database_replication", [gold]);
        await _site.CallAsync("recovery.set_two_persons", [ImmutableList.Create("unprotect")]);
        var needed = await Assert.ThrowsAsync<XenApiException>(() => _site.CallAsync("SR.disable_database_replication", [gold]));
        Assert.Equal("DR_APPROVAL_NEEDED", needed.Code);
        var page = await _site.SignInAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Expect(page.GetByText("needs another person than whoever asked")).ToBeVisibleAsync();
        await _site.CreateUserAsync("ann", "pool-operator");
        page = await _site.SignInAsync(user: "ann");
        var wish = page.GetByRole(AriaRole.Listitem).GetByText("root wants to stop protecting SR gold");
        await Expect(wish).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Expect(wish).ToHaveCountAsync(0);
        await _site.CallAsync("SR.disable_database_replication", [gold]);
    }
}
