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
        foreach (var (path, heading) in new[] { ("", "Dashboard"), ("protection", "Protection"), ("vms", "VMs"), ("apps", "vApps"), ("sites", "Sites"), ("plans", "Recovery plans"), ("runs", "History") })
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
        await page.GoAsync("/console/apps");
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Whoever_has_another_role_meanwhile_can_still_sign_out()
    {
        var page = await _site.SignInAsync("protection", "eve");
        var subject = (await _site.AllAsync<Redoubt.XenApi.SubjectRecord>()).Single(s => s.Value.SubjectIdentifier == "local:eve");
        var roles = await _site.CallAsync<System.Collections.Immutable.ImmutableList<Redoubt.XenApi.Ref<Redoubt.XenApi.RoleRecord>>>(
            "role.get_by_name_label", ["pool-operator"]);
        await _site.CallAsync("subject.add_to_roles", [subject.Key, roles[0]]);
        await page.Button("Sign out").ClickAsync();
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
        Assert.DoesNotContain(State.All<Redoubt.XenApi.SessionRecord>(), s => s.Record.AuthUserName == "eve");
    }

    [Fact]
    public async Task Who_may_only_look_changes_nothing_past_the_buttons_either()
    {
        await _site.SignInAsync("", "eve");
        var reference = State.All<Redoubt.XenApi.SessionRecord>().First(s => s.Record.AuthUserName == "eve").Ref;
        var eve = _site.Server.Daemon.Services.Sessions.Get(reference, reference.Opaque);
        var request = new Redoubt.Recovery.RecoveryRequest { Policy = new() { Kind = Redoubt.Recovery.RecoveryKind.Test } };
        var refusal = await Assert.ThrowsAsync<Redoubt.XenApi.XenApiException>(
            () => _site.Server.Recovery.SavePlanAsync("hers", request, eve, TestContext.Current.CancellationToken));
        Assert.Equal("RBAC_PERMISSION_DENIED", refusal.Code);
        refusal = await Assert.ThrowsAsync<Redoubt.XenApi.XenApiException>(
            () => _site.Server.Recovery.StartAsync(request, "", eve, TestContext.Current.CancellationToken));
        Assert.Equal("RBAC_PERMISSION_DENIED", refusal.Code);
    }

    private Redoubt.Database.DatabaseState State => _site.Server.Daemon.Services.State;
}
