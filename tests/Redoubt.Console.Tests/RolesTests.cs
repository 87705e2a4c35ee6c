using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class RolesTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public async ValueTask InitializeAsync()
    {
        await _site.InitializeAsync();
        await _site.CreateUserAsync("eve", "read-only");
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Who_may_only_look_is_told_why_they_can_t_recover()
    {
        var page = await _site.SignInAsync("recover", "eve");
        await Expect(page.GetByRole(AriaRole.Radio, new() { Name = "Failover", Exact = false }).First).ToBeDisabledAsync();
        await Expect(page.GetByText("This needs the role Pool Operator; you have Read Only.").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Every_page_opens_for_who_may_only_look()
    {
        await _site.CreateVmAsync("db", await _site.CreateSrAsync("replicated"));
        var page = await _site.SignInAsync("", "eve");
        foreach (var (path, heading) in new[] { ("", "Dashboard"), ("protection", "Protection"), ("apps", "vApps and VMs"), ("sites", "Sites"), ("plans", "Recovery plans"), ("runs", "History") })
        {
            await page.OpenAsync(path);
            await Expect(page.Heading(heading)).ToBeVisibleAsync();
        }
    }

    [Fact]
    public async Task Whoever_loses_their_last_role_is_signed_out()
    {
        var page = await _site.SignInAsync("protection", "eve");
        var subject = (await _site.AllAsync<Redoubt.XenApi.SubjectRecord>()).Single(s => s.Value.SubjectIdentifier == "local:eve");
        await _site.CallAsync("subject.remove_from_roles", [subject.Key, subject.Value.Roles[0]]);
        await page.GotoAsync("/console/apps");
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
    }
}
