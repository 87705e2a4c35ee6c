using Microsoft.Playwright;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

/// <summary>Who looks on is not who works: sessions that nobody uses end, and what no page shows wakes none.</summary>
public sealed class SessionTests(Browser browser) : IAsyncLifetime
{
    private readonly ShiftedClock _clock = new();
    private TestSite _site = null!;

    public ValueTask InitializeAsync()
    {
        _site = new(browser) { Time = _clock };
        return _site.InitializeAsync();
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Theory]
    [InlineData("vms")]
    [InlineData("")]
    public async Task A_page_that_nobody_touches_follows_the_pool_until_its_session_ends_and_leads_to_the_door(string path)
    {
        var page = await _site.SignInAsync(path);
        _clock.Advance(TimeSpan.FromHours(20));
        await SeesAsync(page, "late");
        _clock.Advance(TimeSpan.FromHours(5));
        await _site.CreateVmAsync("too-late", default);
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
        Assert.Contains($"next={path}", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_somebody_does_keeps_them_signed_in()
    {
        var page = await _site.SignInAsync("vms");
        _clock.Advance(TimeSpan.FromHours(20));

        await _site.AllAsync<VmRecord>();

        // Within the page, without loading anything anew.
        await page.GetByRole(AriaRole.Link, new() { Name = "Protection" }).ClickAsync();
        await Expect(page.Heading("Protection")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "VMs", Exact = true }).ClickAsync();
        await Expect(page.Heading("VMs")).ToBeVisibleAsync();
        _clock.Advance(TimeSpan.FromHours(20));
        await SeesAsync(page, "newcomer");
    }

    [Fact]
    public async Task A_session_that_is_ended_elsewhere_closes_its_pages_although_nothing_else_changes()
    {
        await _site.CreateUserAsync("ann", "pool-admin");
        var page = await _site.SignInAsync("vms", "ann");
        var session = _site.Server.Daemon.Services.State.All<SessionRecord>().Single(s => s.Record.AuthUserName == "ann").Ref;
        await _site.Server.Daemon.Services.Sessions.CloseAsync(session, TestContext.Current.CancellationToken);
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Sessions_and_tasks_that_come_and_go_refresh_no_page()
    {
        var (refreshes, looks) = (0, 0);
        using var pages = _site.Server.Console.Changes.Subscribe(
            what => Interlocked.Increment(ref what == SignalKind.Pool ? ref refreshes : ref looks));
        await UntilAsync(() =>
        {
            // What the site did as it started may still be to tell; once a look is told instead, it has been.
            _site.Server.Console.Changes.Raise(SignalKind.SessionEnd);
            return Volatile.Read(ref looks) > 0;
        });
        Interlocked.Exchange(ref refreshes, 0);
        Interlocked.Exchange(ref looks, 0);
        for (var i = 0; i < 5; i++)
        {
            await using var client = new XenApiClient(_site.Url);
            await client.LoginAsync("root", TestSite.Password, TestContext.Current.CancellationToken);
            var task = await client.CallAsync<Ref<TaskRecord>>("task.create", ["nothing", ""], TestContext.Current.CancellationToken);
            await client.CallAsync("task.destroy", [task], TestContext.Current.CancellationToken);
        }

        // Told in their order: whatever came before this would have been told with it or before it.
        await UntilAsync(() => Volatile.Read(ref looks) > 0);
        Assert.Equal(0, Volatile.Read(ref refreshes));
        await _site.CreateVmAsync("something", default);
        await UntilAsync(() => Volatile.Read(ref refreshes) > 0);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private async Task SeesAsync(IPage page, string vm)
    {
        await _site.CreateVmAsync(vm, default);
        if (page.Url.EndsWith("vms", StringComparison.Ordinal))
        {
            await Expect(page.GetByText(vm, new() { Exact = true })).ToBeVisibleAsync();
        }
        else
        {
            await Expect(page.GetByText("1", new() { Exact = true }).First).ToBeVisibleAsync();
        }
    }
}
