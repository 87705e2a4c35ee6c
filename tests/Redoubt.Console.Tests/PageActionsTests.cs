using Microsoft.Playwright;

namespace Redoubt.Console.Tests;

/// <summary>What every test of a page stands on.</summary>
public sealed class PageActionsTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_load_that_failed_does_not_get_in_the_way_of_the_next()
    {
        var page = await _site.SignInAsync();
        for (var i = 0; i < 10; i++)
        {
            await Assert.ThrowsAsync<PlaywrightException>(() => page.GoAsync("http://127.0.0.1:9/"));
            Assert.Equal(200, (await page.GoAsync("/console/protection"))!.Status);
        }
    }
}
