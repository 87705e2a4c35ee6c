using Redoubt.Recovery;

namespace Redoubt.Console.Tests;

/// <summary>A report as an auditor opens it: a file in a browser, and on paper.</summary>
public sealed class ReportTests(Browser browser) : IAsyncLifetime
{
    // Every word that lies on more than one line; what has a place to be broken is as many words.
    private const string Broken = """
        () => {
            const found = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                if (node.parentElement.closest('svg')) continue;
                for (const word of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
                    const range = document.createRange();
                    range.setStart(node, word.index);
                    range.setEnd(node, word.index + word[0].length);
                    if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) found.push(word[0]);
                }
            }
            return found;
        }
        """;

    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Theory]
    [InlineData(1440)]
    [InlineData(794)]
    public async Task No_word_of_it_is_broken_and_nothing_is_wider_than_the_page(int width)
    {
        var run = new SeededRun(RecoveryKind.Failover).Succeeded();
        await _site.SeedAsync(run);
        var html = await _site.CallAsync<string>("recovery.get_report", [run.Uuid, "html"]);
        var file = Path.Combine(Path.GetTempPath(), $"redoubt-report-{Guid.NewGuid():N}.html");
        await File.WriteAllTextAsync(file, html, TestContext.Current.CancellationToken);
        await using var context = await browser.Chromium.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = 1100 } });
        var page = await context.NewPageAsync();
        await page.GotoAsync(new Uri(file).AbsoluteUri);
        Assert.Empty(await page.EvaluateAsync<string[]>(Broken));
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), "the page is too wide");
        const string Wide = "() => [...document.querySelectorAll('.scroll')].filter(s => s.scrollWidth > s.clientWidth).length";
        Assert.Equal(0, await page.EvaluateAsync<int>(Wide));

        // What an auditor looks for stands before the first table, on the first page.
        var chart = (await page.Locator("svg.chart").BoundingBoxAsync())!;
        Assert.True(chart.Y + chart.Height < 1100, $"the chart ends at {chart.Y + chart.Height}");
        Assert.Contains("Succeeded: ", await page.Locator(".verdict.good").InnerTextAsync(), StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("REDOUBT_PICTURES") is { } kept)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(kept, $"report-{width}.png"), FullPage = true });
        }

        File.Delete(file);
    }
}
