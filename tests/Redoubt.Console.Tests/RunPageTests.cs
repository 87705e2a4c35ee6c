using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Redoubt.Recovery;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>The run page and the history, over runs that the server finds in its journal.</summary>
public sealed class RunPageTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_run_in_every_phase_can_be_used_by_everybody_on_a_phone_too()
    {
        var shown = new (string Name, string State, SeededRun Run)[]
        {
            ("waiting", "Waiting for you", new SeededRun(RecoveryKind.Migration).Asking()),
            ("paused", "Paused", new SeededRun(RecoveryKind.Failover).Paused(4)),
            ("interrupted", "Interrupted", new SeededRun(RecoveryKind.Failover).Interrupted(3)),
            ("up", "Waiting for you", new SeededRun(RecoveryKind.Test, keep: true).Up()),
            ("succeeded", "Succeeded", new SeededRun(RecoveryKind.Failover, minutesAgo: 60).Succeeded()),
            ("partial", "Partly succeeded", new SeededRun(RecoveryKind.Failover, minutesAgo: 70).Partial()),
            ("failed", "Failed", new SeededRun(RecoveryKind.Test).Failed()),
            ("cancelled", "Cancelled", new SeededRun(RecoveryKind.Failover).Cancelled()),
            ("undone", "Undone", new SeededRun(RecoveryKind.Failover).Undone()),
        };
        await _site.SeedAsync(shown.Select(s => s.Run));
        var looks = new Looks();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var page = await _site.SignInAsync(scheme: scheme);
            foreach (var (name, state, run) in shown)
            {
                await page.OpenAsync($"runs/{run.Uuid}");
                await Expect(page.GetByRole(AriaRole.Status).GetByText(state, new() { Exact = true })).ToBeVisibleAsync();
                await looks.AtAsync(page, $"run-{name}", scheme);
            }

            await page.OpenAsync($"compare?a={shown[4].Run.Uuid}&b={shown[5].Run.Uuid}");
            await Expect(page.Heading("Compare")).ToBeVisibleAsync();
            await looks.AtAsync(page, "compare", scheme);
            await page.OpenAsync($"runs/{shown[5].Run.Uuid}/report");
            await Expect(page.FrameLocator("iframe").GetByText("web").First).ToBeVisibleAsync();
            await looks.AtAsync(page, "report", scheme);
            await page.OpenAsync("runs");
            await Expect(page.GetByRole(AriaRole.Row)).ToHaveCountAsync(shown.Length + 1);
            await looks.AtAsync(page, "history", scheme);
        }

        looks.RequireNothingWrong();
    }

    [Fact]
    public async Task A_run_is_resumed_paused_and_brought_to_its_end_before_two_browsers_and_through_a_restart()
    {
        var run = new SeededRun(RecoveryKind.Failover);
        run.Interrupted(run.Working);
        _site.AddHook(SeededRun.Hold);
        _site.AddHook("announce");
        _site.EndHook("announce");
        await _site.SeedAsync(run);
        var page = await _site.SignInAsync($"runs/{run.Uuid}");
        var watcher = await _site.SignInAsync($"runs/{run.Uuid}", width: 390, height: 844);
        await page.Button("Resume").ClickAsync();
        await StateAsync(watcher, "Running");
        await Expect(page.GetByText($"Step {run.Working + 1} of {run.Plan.Steps.Length}: Run the script hold")).ToBeVisibleAsync();
        await page.ShotAsync("run-running");
        await watcher.ShotAsync("run-running-phone");
        Assert.Empty(await Accessibility.CheckAsync(page));

        // The clock goes on by itself.
        var clock = page.Locator(".run-head .big").First;
        var before = await clock.InnerTextAsync();
        await Expect(clock).Not.ToHaveTextAsync(before);

        await page.Button("Pause").ClickAsync();
        await StateAsync(watcher, "Pausing");
        await page.ShotAsync("run-pausing");
        await watcher.ReloadAsync();
        await StateAsync(watcher, "Pausing");
        _site.EndHook(SeededRun.Hold);
        await StateAsync(watcher, "Paused");
        await StateAsync(page, "Paused");
        await Expect(page.GetByText("Nothing is under way.")).ToBeVisibleAsync();
        await Expect(page.GetByText($"redoubt dr-run-resume uuid={run.Uuid}")).ToHaveCountAsync(1);
        await _site.RestartAsync();
        await page.SignInAsync("root", TestSite.Password);
        await StateAsync(page, "Paused");
        await page.LiveAsync();
        await page.Button("Resume").ClickAsync();
        await StateAsync(page, "Succeeded");
        await Expect(page.GetByText("3 / 3")).ToBeVisibleAsync();
        var audit = await _site.AuditAsync();
        Assert.Contains(audit, l => l.Contains("recovery.pause", StringComparison.Ordinal));
        Assert.Contains(audit, l => l.Contains("recovery.resume", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_paused_run_is_cancelled_then_undone_and_whoever_watches_the_ended_run_sees_it()
    {
        // Nothing was recovered yet: there is nothing here that an undo would have to find.
        var run = new SeededRun(RecoveryKind.Failover).Paused(1);
        await _site.SeedAsync(run);
        var page = await _site.SignInAsync($"runs/{run.Uuid}");
        await page.Button("Cancel").ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Cancel", Exact = true }).ClickAsync();
        await StateAsync(page, "Cancelled");
        var watcher = await _site.SignInAsync($"runs/{run.Uuid}");
        await StateAsync(watcher, "Cancelled");
        await page.Button("Undo").ClickAsync();
        await page.GetByRole(AriaRole.Alertdialog).GetByRole(AriaRole.Button, new() { Name = "Undo", Exact = true }).ClickAsync();
        await StateAsync(page, "Undone");
        await StateAsync(watcher, "Undone");
        await Expect(watcher.GetByText("0 / 3")).ToBeVisibleAsync();
        await Expect(watcher.GetByRole(AriaRole.Progressbar)).ToHaveAttributeAsync("aria-valuenow", "100");
    }

    [Fact]
    public async Task A_kept_test_says_that_it_is_up_and_is_cleaned_up_from_its_page()
    {
        var run = new SeededRun(RecoveryKind.Test, keep: true).Up();
        await _site.SeedAsync(run);
        var page = await _site.SignInAsync($"runs/{run.Uuid}");
        await Expect(page.GetByText("The test is up: 3 of 3 VMs are healthy.")).ToBeVisibleAsync();
        await Expect(page.Button("Cancel")).ToHaveCountAsync(0);
        await page.Button("Clean up the test").ClickAsync();
        await StateAsync(page, "Succeeded");
        await Expect(page.GetByText("3 / 3")).ToBeVisibleAsync();
        await Expect(page.Button("Clean up the test")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task Who_may_only_look_sees_the_run_and_is_told_why_they_can_t_order_anything()
    {
        await _site.CreateUserAsync("eve", "read-only");
        var run = new SeededRun(RecoveryKind.Failover).Paused(4);
        await _site.SeedAsync(run);
        var page = await _site.SignInAsync($"runs/{run.Uuid}", "eve");
        await StateAsync(page, "Paused");
        foreach (var name in new[] { "Resume", "Cancel", "Undo" })
        {
            await Expect(page.Button(name)).ToHaveAttributeAsync("aria-disabled", "true");
        }
    }

    [Fact]
    public async Task Runs_are_filtered_two_are_compared_and_the_report_is_downloaded()
    {
        SeededRun[] runs = [new(RecoveryKind.Failover, minutesAgo: 90), new(RecoveryKind.Failover, minutesAgo: 60), new(RecoveryKind.Test)];
        await _site.SeedAsync(runs[0].Succeeded(), runs[1].Partial(), runs[2].Failed());
        var page = await _site.SignInAsync("runs");
        var rows = page.Locator("tbody tr");
        await Expect(rows).ToHaveCountAsync(3);
        await page.GetByLabel("State", new() { Exact = true }).SelectOptionAsync(["Failed"]);
        await Expect(rows).ToHaveCountAsync(1);
        await page.GetByLabel("State", new() { Exact = true }).SelectOptionAsync([""]);
        await page.GetByLabel("Show", new() { Exact = true }).SelectOptionAsync(["Failover"]);
        await Expect(rows).ToHaveCountAsync(2);
        await page.GetByLabel("Find by plan or person").FillAsync("nobody");
        await Expect(page.GetByText("No run fits.")).ToBeVisibleAsync();
        await page.GetByLabel("Find by plan or person").FillAsync("EVERY");
        await Expect(rows).ToHaveCountAsync(2);
        await rows.Nth(1).GetByRole(AriaRole.Checkbox).CheckAsync();
        await rows.Nth(0).GetByRole(AriaRole.Checkbox).CheckAsync();
        await Expect(page.GetByText("2 of 2 chosen")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Compare" }).ClickAsync();
        await Expect(page.Heading("Compare")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "VMs healthy" })).ToContainTextAsync("3 / 3");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "VMs healthy" })).ToContainTextAsync("2 / 3");
        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = new Regex("^web") })).ToContainTextAsync("Not healthy");

        await page.OpenAsync("compare?a=nothing&b=" + runs[0].Uuid);
        await Expect(page.GetByText("There is no run nothing.")).ToBeVisibleAsync();

        await page.OpenAsync($"runs/{runs[1].Uuid}/report");
        foreach (var (link, extension, holds) in new[] { ("HTML", "html", "<html"), ("Markdown", "md", "# "), ("JSON", "json", "\"redoubt-report/1\"") })
        {
            var download = await page.RunAndWaitForDownloadAsync(
                () => page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).ClickAsync());
            Assert.Equal($"report-{runs[1].Uuid}.{extension}", download.SuggestedFilename);
            var text = await File.ReadAllTextAsync(await download.PathAsync(), TestContext.Current.CancellationToken);
            Assert.Contains(holds, text, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("is not healthy", text, StringComparison.Ordinal);
        }

        await page.OpenAsync("runs/nothing/report");
        await Expect(page.GetByText("There is no such run")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_run_of_thousands_of_VMs_is_shown_without_thousands_of_rows()
    {
        const int Vms = 5_000;
        var run = new SeededRun(RecoveryKind.Failover, Vms);
        run.Until(2_000).Add(new RunEvent.PauseAsked("root"), new RunEvent.Paused());
        await _site.SeedAsync(run);
        var page = await _site.SignInAsync();
        var watch = Stopwatch.StartNew();
        await page.OpenAsync($"runs/{run.Uuid}");
        await StateAsync(page, "Paused");
        TestContext.Current.SendDiagnosticMessage("a run of {0} VMs: {1} ms", Vms, watch.ElapsedMilliseconds);
        Assert.True(await page.Locator("tr").CountAsync() < 100);
        Assert.True(await page.Locator(".run-steps > li").CountAsync() < 100);
        await page.ShotAsync("run-large");
        await page.GetByLabel("Find VMs by name").FillAsync("vm-04999");
        await Expect(page.GetByText("vm-04999", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(page.GetByText("vm-00003", new() { Exact = true })).ToHaveCountAsync(0);
        await page.GetByLabel("Find VMs by name").FillAsync("");
        await page.GetByLabel("Show VMs that are").SelectOptionAsync(["Recovered"]);
        await Expect(page.GetByText("vm-00003", new() { Exact = true })).ToBeVisibleAsync();
    }

    private static Task StateAsync(IPage page, string state) => Expect(page.Locator(".run-head .chip")).ToHaveTextAsync(state);
}
