using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>
/// Runs steered from a browser, with real guests: paused, resumed by somebody else, cancelled, undone, and their daemon killed.
/// </summary>
public sealed class RunStoryTests(Browser browser)
{
    private const float Long = 120_000;
    private static readonly ImmutableSortedDictionary<string, string> Nothing = ImmutableSortedDictionary<string, string>.Empty;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_run_is_steered_from_two_browsers_and_outlives_its_daemon()
    {
        await using var sites = await RealSites.StartAsync();
        var sr = await ProtectAsync(sites);
        await sites.Primary.KillAsync();
        await RealSites.MirrorAsync(sites.Primary, sites.Recovery);
        await AttachAsync(sites, sr);

        // 1. A test that stays up: paused by one, resumed by another, looked at, and cleaned up.
        var lyon = await sites.VisitAsync(browser, sites.Recovery, "recover?kind=test");
        await lyon.GetByText("Leave the copies up until I ask for the clean-up").ClickAsync();
        await ToReviewAsync(lyon);
        await lyon.Button("Start the test").ClickAsync();
        await lyon.WaitForURLAsync("**/runs/*");
        await lyon.Button("Pause").ClickAsync();
        var watcher = await sites.VisitAsync(browser, sites.Recovery, new Uri(lyon.Url).PathAndQuery["/console/".Length..]);
        await StateAsync(lyon, "Paused");
        await StateAsync(watcher, "Paused");
        await watcher.Button("Resume").ClickAsync();
        await Expect(lyon.GetByText("The test is up: 2 of 2 VMs are healthy.")).ToBeVisibleAsync(new() { Timeout = Long });
        await Expect(watcher.GetByText("The test is up: 2 of 2 VMs are healthy.")).ToBeVisibleAsync();
        await lyon.Button("Show the screens").ClickAsync();
        await Expect(lyon.GetByRole(AriaRole.Img, new() { Name = "db" })).ToBeVisibleAsync();
        await Expect(lyon.GetByRole(AriaRole.Img, new() { Name = "web" })).ToBeVisibleAsync();
        await lyon.ShotAsync("run-test-up");
        await watcher.Button("Clean up the test").ClickAsync();
        await StateAsync(lyon, "Succeeded");
        await Expect(lyon.GetByText("2 / 2")).ToBeVisibleAsync();
        Assert.Empty(await VmsAsync(sites));

        // 2. A failover that is paused, cancelled, and taken back.
        await FailOverAsync(sites, sr, lyon);
        await lyon.Button("Pause").ClickAsync();
        await StateAsync(lyon, "Paused");
        await lyon.Button("Cancel").ClickAsync();
        await ConfirmAsync(lyon, "Cancel");
        await StateAsync(lyon, "Cancelled");
        await lyon.Button("Undo").ClickAsync();
        await ConfirmAsync(lyon, "Undo");
        await StateAsync(lyon, "Undone");
        await Expect(lyon.GetByText("0 / 2")).ToBeVisibleAsync();
        Assert.Empty(await VmsAsync(sites));

        // 3. The daemon is killed between the tiers; the page is there again when another one is, and the run goes on from it.
        var boots = Boots(sites);
        await FailOverAsync(sites, sr, lyon);
        await Expect(lyon.GetByRole(AriaRole.Row, new() { NameRegex = new Regex("^db ") }))
            .ToContainTextAsync(new Regex("Starting|Started|Healthy"), new() { Timeout = Long });
        await sites.ReplaceRecoveryDaemonAsync();
        await lyon.SignInAsync("root", await RealSites.PasswordAsync(sites.Recovery));
        await StateAsync(lyon, "Interrupted");
        await lyon.ShotAsync("run-interrupted");
        await lyon.LiveAsync();
        await lyon.Button("Resume").ClickAsync();
        await StateAsync(lyon, "Succeeded");
        await sites.CountsAsync(sites.Recovery);

        // The one that ran was not started a second time.
        Assert.Equal(boots + 1, Boots(sites));
        await lyon.ReloadAsync();
        await StateAsync(lyon, "Succeeded");
    }

    private static int Boots(RealSites sites)
    {
        var log = Path.Combine(sites.Recovery.DataDirectory, "consoles", $"{sites.Db.Uuid}.log");
        if (!File.Exists(log))
        {
            return 0;
        }

        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        return Regex.Count(reader.ReadToEnd(), "redoubt-guest: name=", RegexOptions.None, TimeSpan.FromSeconds(5));
    }

    private static async Task FailOverAsync(RealSites sites, string sr, IPage page)
    {
        await AttachAsync(sites, sr);
        await page.OpenAsync("recover?kind=failover");
        await page.GetByText("I state that the source is dead").ClickAsync();
        await ToReviewAsync(page);
        await page.GetByLabel("To go on, type the name of the pool").FillAsync("lyon");
        await page.Button("Fail over").ClickAsync();
        await page.WaitForURLAsync("**/runs/*");
    }

    private static async Task ToReviewAsync(IPage page)
    {
        foreach (var step in new[] { "Locate storage", "Select vApps and VMs", "Mappings", "Pre-checks", "Review" })
        {
            await StoryTests.NextAsync(page, step);
        }
    }

    // What the story in StoryTests does with clicks.
    private static async Task<string> ProtectAsync(RealSites sites)
    {
        var api = sites.Primary.Api;
        var (sr, record) = (await api.GetAllRecordsAsync<SrRecord>(Cancellation)).Single(s => s.Value.NameLabel == "replicated");

        // Long enough that somebody pauses before it is over.
        var db = await api.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", [sites.Db.Uuid], Cancellation);
        await api.CallAsync("VM.set_start_delay", [db, 6L], Cancellation);
        await api.CallAsync("SR.enable_database_replication", [sr], Cancellation);
        return record.Uuid;
    }

    private static async Task AttachAsync(RealSites sites, string sr)
    {
        if ((await sites.Recovery.Api.GetAllRecordsAsync<SrRecord>(Cancellation)).Count == 0)
        {
            await sites.Recovery.Api.CallAsync(
                "DR_task.create", ["file", Nothing.Add("location", sites.Recovery.Storage), ImmutableList.Create(sr)], Cancellation);
        }
    }

    private static async Task<IEnumerable<string>> VmsAsync(RealSites sites) =>
        (await sites.Recovery.Api.GetAllRecordsAsync<VmRecord>(Cancellation)).Values.Where(
            v => v is { IsControlDomain: false, IsATemplate: false }).Select(v => v.NameLabel);

    private static Task ConfirmAsync(IPage page, string name) =>
        page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync();

    private static Task StateAsync(IPage page, string state) =>
        Expect(page.Locator(".run-head .chip")).ToHaveTextAsync(state, new() { Timeout = Long });
}
