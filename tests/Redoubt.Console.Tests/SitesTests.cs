using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class SitesTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_site_says_whether_it_answers_with_which_version_and_when_it_was_asked()
    {
        await using var other = new TestSite(browser);
        await other.InitializeAsync();
        var version = (await other.AllAsync<HostRecord>()).Values.Single().SoftwareVersion["product_version"];
        var page = await _site.SignInAsync("sites");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("lyon");
        await page.GetByLabel("Address").FillAsync(other.Url.ToString());
        await page.GetByLabel("Password there").FillAsync(TestSite.Password);
        await page.Button("Add the site").ClickAsync();

        var line = page.GetByRole(AriaRole.Row, new() { NameRegex = new Regex("^lyon") });
        await Expect(line.GetByText("Answers", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(line.GetByText($"Redoubt {version}")).ToBeVisibleAsync();
        await Expect(line.GetByText("asked just now")).ToBeVisibleAsync();
        await page.ShotAsync("sites-answering");
        Assert.Empty(await Accessibility.CheckAsync(page));

        await other.StopAsync();
        await page.Button("Ask again").ClickAsync();
        await Expect(line.GetByText("No answer", new() { Exact = true })).ToBeVisibleAsync();
        await Expect(line.GetByText("asked just now")).ToBeVisibleAsync();
        await other.StartAsync(other.Url.ToString());
    }

    [Fact]
    public async Task Looking_inside_what_is_not_attached_begins_here()
    {
        var page = await _site.SignInAsync("sites");
        await page.GetByRole(AriaRole.Link, new() { Name = "Open a file or device" }).ClickAsync();
        await Expect(page.Heading("Inside the metadata")).ToBeVisibleAsync();
    }
}
