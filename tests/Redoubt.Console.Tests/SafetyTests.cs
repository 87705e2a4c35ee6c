using System.Net;
using System.Text;
using Microsoft.Playwright;
using Redoubt.Console.Shell;
using Redoubt.XenApi;
using static Microsoft.Playwright.Assertions;

namespace Redoubt.Console.Tests;

public sealed class SafetyTests(Browser browser) : IAsyncLifetime
{
    private readonly TestSite _site = new(browser);

    public ValueTask InitializeAsync() => _site.InitializeAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task No_script_of_the_page_can_read_the_session_and_no_other_site_can_use_it()
    {
        var page = await _site.SignInAsync();
        var cookie = Assert.Single(await page.Context.CookiesAsync(), c => c.Name.StartsWith("redoubt-console", StringComparison.Ordinal));
        Assert.True(cookie.HttpOnly);
        Assert.Equal(SameSiteAttribute.Strict, cookie.SameSite);
        Assert.DoesNotContain("redoubt-console", await page.EvaluateAsync<string>("document.cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_content_policy_lets_no_foreign_or_inline_script_in_and_the_pages_keep_to_it()
    {
        var page = await _site.VisitAsync();
        var refused = new List<string>();
        page.Console += (_, line) =>
            { if (line.Text.Contains("Content Security Policy", StringComparison.Ordinal)) { refused.Add(line.Text); } };
        var answer = await page.GoAsync("/console/sign-in");
        var policy = await answer!.HeaderValueAsync("content-security-policy");
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        await page.SignInAsync("root", TestSite.Password);
        await page.LiveAsync();
        foreach (var path in new[] { "protection", "apps", "sites", "plans", "recover", "runs" })
        {
            await page.OpenAsync(path);
        }

        Assert.Empty(refused);
    }

    [Fact]
    public async Task A_form_from_elsewhere_is_refused()
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("Form.User", "root"), KeyValuePair.Create("Form.Password", TestSite.Password), KeyValuePair.Create("_handler", "sign-in")]);
        foreach (var path in new[] { "sign-in", "sign-out" })
        {
            using var answer = await http.PostAsync(
                new Uri(_site.Url, "/console/" + path), path == "sign-in" ? form : null, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
            Assert.Equal("/console/sign-in?stale=true", answer.Headers.Location?.OriginalString);
            Assert.DoesNotContain(
                answer.Headers, h => h.Key == "Set-Cookie" && h.Value.Any(c => c.StartsWith("redoubt-console", StringComparison.Ordinal)));
        }

        Assert.Empty(Sessions());
    }

    [Fact]
    public async Task A_form_that_another_tab_has_outdated_says_so_and_the_session_before_ends()
    {
        var first = await _site.VisitAsync();
        var second = await first.Context.OpenPageAsync();
        await first.GoAsync("/console/sign-in");
        await second.GoAsync("/console/sign-in");
        await first.SignInAsync("root", TestSite.Password);
        await Expect(first.Heading("Dashboard")).ToBeVisibleAsync();
        await second.SignInAsync("root", TestSite.Password);
        await Expect(second.GetByText("The page was open for too long. Please try again.")).ToBeVisibleAsync();
        await second.SignInAsync("root", TestSite.Password);
        await Expect(second.Heading("Dashboard")).ToBeVisibleAsync();
        Assert.Single(Sessions());
    }

    [Fact]
    public async Task A_page_whose_session_ends_while_it_comes_to_life_leads_to_the_door_and_shows_no_fault()
    {
        var page = await _site.SignInAsync();
        var asked = new TaskCompletionSource();
        var ended = new TaskCompletionSource();
        var shown = new StringBuilder();
        await page.RouteWebSocketAsync("**/_blazor**", line =>
        {
            var server = line.ConnectToServer();
            var before = Task.CompletedTask;
            line.OnMessage(frame => before = PassAsync(before, frame, server));
            server.OnMessage(frame =>
            {
                shown.Append(Encoding.UTF8.GetString(frame.Binary ?? []));
                Pass(frame, line);
            });
        });
        await page.GoAsync("/console/");
        await Patience.UntilAsync(() => asked.Task.IsCompleted, "the page comes to life");
        await _site.Api.WithSession(Sessions().Single()).CallAsync("session.logout", [], TestContext.Current.CancellationToken);
        ended.SetResult();
        await Expect(page.GetByLabel("User name")).ToBeVisibleAsync();
        Assert.DoesNotContain(ShellText.PageFailed, shown.ToString(), StringComparison.Ordinal);

        async Task PassAsync(Task before, IWebSocketFrame frame, IWebSocketRoute to)
        {
            await before;
            asked.TrySetResult();
            await ended.Task;
            Pass(frame, to);
        }

        static void Pass(IWebSocketFrame frame, IWebSocketRoute to)
        {
            if (frame.Binary is { } bytes)
            {
                to.Send(bytes);
            }
            else
            {
                to.Send(frame.Text!);
            }
        }
    }

    [Fact]
    public async Task An_address_that_leads_nowhere_says_so()
    {
        var page = await _site.SignInAsync();
        var answer = await page.GoAsync("/console/nothing/here");
        Assert.Equal(404, answer!.Status);
        await Expect(page.GetByText("There is no such page")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_live_page_opens_neither_without_a_session_nor_for_a_page_from_another_port()
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });
        Assert.Equal(HttpStatusCode.Unauthorized, await NegotiateAsync(null, null));
        var page = await _site.SignInAsync();
        var cookie = (await page.Context.CookiesAsync())
            .Single(c => c.HttpOnly && c.Name.StartsWith("redoubt-console", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, await NegotiateAsync($"{cookie.Name}={cookie.Value}", _site.Url.GetLeftPart(UriPartial.Authority)));
        Assert.Equal(HttpStatusCode.Forbidden, await NegotiateAsync($"{cookie.Name}={cookie.Value}", "http://127.0.0.1:9"));
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await AskAsync(HttpMethod.Get, "_blazor?id=x", $"{cookie.Name}={cookie.Value}", "http://evil.example:99"));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(HttpMethod.Post, "sign-out", null, "http://127.0.0.1:9"));

        Task<HttpStatusCode> NegotiateAsync(string? session, string? origin) =>
            AskAsync(HttpMethod.Post, "_blazor/negotiate?negotiateVersion=1", session, origin);

        async Task<HttpStatusCode> AskAsync(HttpMethod method, string path, string? session, string? origin)
        {
            using var request = new HttpRequestMessage(method, new Uri(_site.Url, "/console/" + path));
            if (session is not null)
            {
                request.Headers.Add("Cookie", session);
            }

            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }

            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_client_of_the_API_that_gets_the_root_is_answered_as_before()
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var answer = await http.GetAsync(new Uri(_site.Url, "/"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_of_the_API_and_the_session_of_the_API_signs_out()
    {
        var page = await _site.SignInAsync();
        await page.Button("Sign out").ClickAsync();
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
        Assert.Empty(Sessions());

        await page.SignInAsync("root", TestSite.Password);
        await page.LiveAsync();
        await _site.Api.WithSession(Sessions().Single()).CallAsync("session.logout", [], TestContext.Current.CancellationToken);
        await Expect(page.Button("Sign in")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_page_that_outlives_the_daemon_says_so_and_comes_back_where_it_was()
    {
        var page = await _site.SignInAsync("protection");
        await _site.StopAsync();
        await Expect(page.GetByText("The daemon does not answer.")).ToBeVisibleAsync();
        await _site.StartAsync(_site.Url.ToString());
        await Expect(page.Button("Sign in")).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await page.SignInAsync("root", TestSite.Password);
        await Expect(page.Heading("Protection")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_page_says_what_it_has_to_say_before_any_script_runs()
    {
        var page = await _site.SignInAsync();
        await page.OpenAsync("protection");
        TestContext.Current.SendDiagnosticMessage(
            "first paint after {0} ms",
            await page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0].startTime"));
        var answer = await page.APIRequest.GetAsync("/console/protection");
        Assert.Matches(">Protection</h1>", await answer.TextAsync());
    }

    [Fact]
    public async Task A_strangers_address_is_never_led_to()
    {
        var page = await _site.VisitAsync();
        await page.GoAsync("/console/sign-in?next=" + Uri.EscapeDataString("//example.invalid/"));
        await page.SignInAsync("root", TestSite.Password);
        await Expect(page.Heading("Dashboard")).ToBeVisibleAsync();
    }

    private IEnumerable<Ref<SessionRecord>> Sessions() =>
        _site.Server.Daemon.Services.State.All<SessionRecord>().Where(s => s.Record.Originator == "console").Select(s => s.Ref);
}
