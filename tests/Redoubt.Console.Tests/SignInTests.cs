using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class SignInTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_browser_at_the_root_is_led_to_the_door_and_then_to_the_dashboard()
    {
        var page = await _site.VisitAsync();
        var loaded = new List<Task<RequestSizesResult>>();
        void Count(object? sender, IRequest request) => loaded.Add(request.SizesAsync());
        page.RequestFinished += Count;
        await page.GoAsync("/");
        await page.ShotAsync("sign-in");
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        page.RequestFinished -= Count;
        Assert.InRange((await Task.WhenAll(loaded)).Sum(s => s.ResponseBodySize), 5_000, 60_000);
        await page.SignInAsync("root", TestSite.Password);
        await Expect(page.Heading("Dashboard")).ToBeVisibleAsync();
        await page.ShotAsync("dashboard-empty");
    }

    [Fact]
    public async Task A_wrong_password_is_refused_in_the_sentence_of_the_API()
    {
        var page = await _site.VisitAsync();
        await page.GoAsync("/console/");
        await page.SignInAsync("root", "wrong");
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("The user name or the password is wrong");
    }

    [Fact]
    public async Task One_browser_is_signed_in_to_two_pools_of_one_host()
    {
        await using var other = new TestSite(browser);
        await other.InitializeAsync();
        var here = await _site.SignInAsync();
        var there = await here.Context.OpenPageAsync();
        await there.GoAsync(new Uri(other.Url, "/console/").ToString());
        await there.SignInAsync("root", TestSite.Password);
        await Expect(there.Heading("Dashboard")).ToBeVisibleAsync();
        await here.OpenAsync("apps");
        await Expect(here.Heading("vApps")).ToBeVisibleAsync();
    }
}
