using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Redoubt.Server.Tests;

/// <summary>The calls that are made as plain HTTP and JSON, and that they are the same calls.</summary>
public sealed class ApiTests(TestPool pool) : IClassFixture<TestPool>
{
    private static readonly AuthenticationHeaderValue Root = Basic("root", TestPool.Password);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plan_is_saved_found_compared_and_removed()
    {
        const string Request = """{"policy": {"kind": "test", "chosen": {"vms": ["web"]}, "limits": {"parallelStarts": 2}}}""";
        var read = await ResultAsync("recovery/read_plan", $$"""{"name": "api-shop", "request": {{Request}}}""");
        var (kept, _) = await PostAsync("recovery/save_plan", $$"""{"name": "api-shop", "request": {{Request}}}""");
        Assert.Equal(HttpStatusCode.NoContent, kept);

        var (status, catalog) = await GetAsync("recovery/get_plans?foreign=false");
        Assert.Equal(HttpStatusCode.OK, status);
        var saved = Assert.Single(catalog.GetProperty("plans").EnumerateArray(), p => p.GetProperty("name").GetString() == "api-shop");
        Assert.Equal(JsonValueKind.Object, saved.GetProperty("request").ValueKind);
        Assert.True(JsonElement.DeepEquals(read, saved.GetProperty("request")), $"{read} is not {saved}");

        // What is read over JSON-RPC is the same, as text.
        var text = (await pool.CallAsync("recovery.get_plans", false)).GetString()!;
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(text).RootElement, catalog));

        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync("recovery/remove_plan", """{"name": "api-shop"}""")).Status);
        var (gone, failure) = await PostAsync("recovery/remove_plan", """{"name": "api-shop"}""");
        Assert.Equal(HttpStatusCode.NotFound, gone);
        Assert.Equal("DR_PLAN_UNKNOWN", failure.GetProperty("code").GetString());
        Assert.Equal("api-shop", failure.GetProperty("parameters")[0].GetString());
        Assert.Equal(
            "There is no plan named api-shop. dr-plan-list shows those there are.", failure.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("", "body")]
    [InlineData("{", "body")]
    [InlineData("""{"name": "bad", "request": {"policy": }}""", "body")]
    [InlineData("""["bad", {}]""", "body")]
    [InlineData("""{"name": "bad", "name": "worse", "request": {"policy": {"kind": "test"}}}""", "body")]
    [InlineData("""{"name": "\ud800", "request": {"policy": {"kind": "test"}}}""", "body")]
    [InlineData("""{"name": "bad"}""", "request")]
    [InlineData("""{"name": "bad", "request": {"policy": {"kind": "test"}}, "force": true}""", "force")]
    [InlineData("""{"name": "bad", "request": {"policy": {"kind": "holiday"}}}""", "request")]
    [InlineData("""{"name": "bad", "request": "{\"policy\": {\"kind\": \"test\"}}"}""", "request")]
    [InlineData("""{"name": "bad", "request": {"policy": {"kind": "test", "vms": ["web"]}}}""", "request")]
    [InlineData("""{"name": "bad name", "request": {"policy": {"kind": "test"}}}""", "name")]
    [InlineData("""{"name": 7, "request": {"policy": {"kind": "test"}}}""", "name")]
    public async Task What_is_no_such_call_is_refused_in_words_and_changes_nothing(string body, string at)
    {
        var before = pool.Server.Daemon.Services.State.Get(pool.Server.Daemon.Services.Pool);
        var isMisspelt = body.Contains("\"vms\"", StringComparison.Ordinal);
        var (status, failure) = await PostAsync(
            isMisspelt ? "recovery/read_plan" : "recovery/save_plan", body, new("Bearer", pool.Session));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(at, failure.GetProperty("parameters")[0].GetString());
        Assert.NotEmpty(failure.GetProperty("message").GetString()!);
        Assert.Same(before, pool.Server.Daemon.Services.State.Get(pool.Server.Daemon.Services.Pool));
    }

    [Fact]
    public async Task Only_the_header_says_who_asks()
    {
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("recovery/get_sites?test=false", new("Bearer", pool.Session))).Status);
        AuthenticationHeaderValue?[] strangers = [null, Basic("root", "wrong"), new("Bearer", "OpaqueRef:0"), new("Basic", "?")];
        foreach (var wrong in strangers)
        {
            var (status, failure) = await GetAsync("recovery/get_sites?test=false", wrong, known: false);
            Assert.Equal(HttpStatusCode.Unauthorized, status);
            Assert.StartsWith("SESSION_", failure.GetProperty("code").GetString(), StringComparison.Ordinal);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "/api/recovery/get_sites?test=false"));
        request.Headers.Add("Cookie", $"session_id={pool.Session}");
        using var asBrowser = await pool.Http.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, asBrowser.StatusCode);
        Assert.Equal(
            HttpStatusCode.Unauthorized, (await GetAsync($"recovery/get_schedules?session_id={pool.Session}", null, known: false)).Status);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data")]
    [InlineData(null)]
    public async Task A_page_of_somebody_else_can_not_have_a_browser_call(string? contentType)
    {
        var (status, _) = await PostAsync(
            "recovery/save_plan", """{"name": "cross", "request": {"policy": {"kind": "test"}}}""", Root, contentType);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, status);
        Assert.DoesNotContain("cross", (await GetAsync("recovery/get_plans?foreign=false")).Body.ToString(), StringComparison.Ordinal);

        // What a browser would have to be told before it posts JSON.
        using var ask = new HttpRequestMessage(HttpMethod.Options, new Uri(pool.Url, "/api/recovery/save_plan"));
        using var told = await pool.Http.SendAsync(ask, Cancel);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, told.StatusCode);
        Assert.DoesNotContain(told.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Roles_and_the_audit_log_are_those_of_the_call()
    {
        await pool.CreateUserAsync("api-reader", "read-only");
        var reader = Basic("api-reader", UserScene.Secret);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("recovery/get_status", reader)).Status);
        var (status, failure) = await PostAsync(
            "recovery/save_plan", """{"name": "mine", "request": {"policy": {"kind": "test"}}}""", reader);
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Equal("RBAC_PERMISSION_DENIED", failure.GetProperty("code").GetString());

        var line = (await pool.AuditAsync()).FindLast(l => l.GetProperty("user").GetString() == "api-reader"
            && l.GetProperty("call").GetString() == "recovery.save_plan");
        Assert.Equal("RBAC_PERMISSION_DENIED", line.GetProperty("result").GetString());
        Assert.Equal("127.0.0.1", line.GetProperty("from").GetString());
    }

    [Theory]
    [InlineData("GET", "recovery/remove_plan?name=shop", HttpStatusCode.MethodNotAllowed, "POST")]
    [InlineData("PUT", "recovery/get_plans", HttpStatusCode.MethodNotAllowed, "GET, POST")]
    [InlineData("GET", "recovery/erase_everything", HttpStatusCode.NotFound, null)]
    [InlineData("GET", "VM/get_all_records", HttpStatusCode.NotFound, null)]
    [InlineData("GET", "", HttpStatusCode.NotFound, null)]
    public async Task What_is_not_offered_is_said_to_be_so(string method, string path, HttpStatusCode expected, string? allowed)
    {
        using var request = new HttpRequestMessage(new(method), new Uri(pool.Url, "/api/" + path)) { Headers = { Authorization = Root } };
        using var response = await pool.Http.SendAsync(request, Cancel);
        Assert.Equal(expected, response.StatusCode);
        Assert.Equal(allowed, response.Content.Headers.Allow.Count == 0 ? null : string.Join(", ", response.Content.Headers.Allow));
        Assert.NotEmpty((await JsonAsync(response)).GetProperty("message").GetString()!);
    }

    [Fact]
    public async Task An_SR_is_found_protected_and_let_go()
    {
        var sr = await pool.CreateSrAsync();
        var uuid = (await pool.CallAsync("SR.get_uuid", sr)).GetString();
        Assert.Equal(sr, (await GetAsync($"SR/get_by_uuid?uuid={uuid}")).Body.GetString());
        Assert.Contains(sr, (await GetAsync("SR/get_by_name_label?label=storage")).Body.EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync("SR/get_by_uuid?uuid=none")).Status);

        var body = $$"""{"sr": "{{sr}}"}""";
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync("SR/enable_database_replication", body)).Status);
        Assert.Contains(uuid!, Protected((await GetAsync("recovery/get_status")).Body));
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync("SR/disable_database_replication", body)).Status);
        Assert.DoesNotContain(uuid!, Protected((await GetAsync("recovery/get_status")).Body));

        static List<string> Protected(JsonElement status) =>
            [.. status.GetProperty("protected").EnumerateArray().Select(p => p.GetProperty("uuid").GetString()!)];
    }

    [Fact]
    public async Task A_long_body_is_read_of_who_is_known_and_of_nobody_else()
    {
        var name = new string('x', 200_000);
        var body = $$"""{"name": "long", "request": {"policy": {"kind": "test", "chosen": {"vms": ["{{name}}"] } } } }""";
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("recovery/read_plan", body)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await PostAsync("recovery/read_plan", body, Basic("root", "wrong"))).Status);
        var (status, failure) = await PostAsync("recovery/read_plan", body.Replace("x", new string('x', 100), StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        Assert.Equal("body", failure.GetProperty("parameters")[0].GetString());
    }

    [Fact]
    public async Task A_site_and_a_schedule_are_changed_in_their_place_and_no_password_is_told()
    {
        await using var other = new TestPool();
        await other.InitializeAsync();
        var site = $$"""{"name": "paris", "address": "{{other.Url}}", "user": "root", "password": "{{TestPool.Password}}"}""";
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("recovery/set_site", site)).Status);
        var added = await ResultAsync("recovery/add_site", site);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync("recovery/add_site", site)).Status);

        await other.CreateUserAsync("looker", "pool-operator");
        var changed = await ResultAsync(
            "recovery/set_site",
            $$"""{"name": "paris", "address": "{{other.Url}}", "user": "looker", "password": "{{UserScene.Secret}}"}""");
        Assert.Equal("looker", changed.GetProperty("user").GetString());
        Assert.Equal(added.GetProperty("poolUuid").GetString(), changed.GetProperty("poolUuid").GetString());
        var (_, tests) = await GetAsync("recovery/get_sites?test=true");
        Assert.True(Assert.Single(tests.EnumerateArray()).GetProperty("isReachable").GetBoolean(), tests.ToString());

        // A change that can't be is none: neither a password that is wrong, nor another pool.
        var wrong = $$"""{"name": "paris", "address": "{{other.Url}}", "user": "looker", "password": "wrong"}""";
        Assert.Equal("DR_SITE_UNREACHABLE", (await PostAsync("recovery/set_site", wrong)).Body.GetProperty("code").GetString());
        await using var third = new TestPool();
        await third.InitializeAsync();
        var moved = $$"""{"name": "paris", "address": "{{third.Url}}", "user": "root", "password": "{{TestPool.Password}}"}""";
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync("recovery/set_site", moved)).Status);
        var (_, after) = await GetAsync("recovery/get_sites?test=true");
        Assert.True(Assert.Single(after.EnumerateArray()).GetProperty("isReachable").GetBoolean(), after.ToString());
        Assert.DoesNotContain(UserScene.Secret, after.ToString(), StringComparison.Ordinal);

        await PostAsync("recovery/save_plan", """{"name": "weekly", "request": {"policy": {"kind": "test"}}}""");
        const string Schedule = """{"name": "sunday", "plan": "weekly", "cron": "0 3 * * 0"}""";
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("recovery/set_schedule", Schedule)).Status);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("recovery/add_schedule", Schedule)).Status);
        var set = await ResultAsync("recovery/set_schedule", """{"name": "sunday", "plan": "weekly", "cron": "0 4 * * 0"}""");
        Assert.EndsWith("T04:00:00+00:00", set.GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await PostAsync("recovery/set_schedule", """{"name": "sunday", "plan": "weekly", "cron": "never"}""")).Status);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await PostAsync("recovery/set_schedule", """{"name": "sunday", "plan": "daily", "cron": "0 4 * * 0"}""")).Status);
        var kept = Assert.Single((await GetAsync("recovery/get_schedules")).Body.EnumerateArray());
        Assert.Equal("0 4 * * 0", kept.GetProperty("cron").GetString());
    }

    private static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    private async Task<JsonElement> ResultAsync(string path, string body)
    {
        var (status, result) = await PostAsync(path, body);
        Assert.True(status == HttpStatusCode.OK, $"{status}: {result}");
        return result;
    }

    private Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(string path, string body) =>
        PostAsync(path, body, Root);

    private async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(
        string path, string body, AuthenticationHeaderValue who, string? contentType = "application/json")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(pool.Url, "/api/" + path))
        {
            Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)),
            // Who is refused before they have sent everything shall see the answer.
            Headers = { Authorization = who, ExpectContinue = body.Length > 1 << 20 },
        };
        request.Content.Headers.ContentType = contentType is null ? null : new(contentType);
        using var response = await pool.Http.SendAsync(request, Cancel);
        return (response.StatusCode, await JsonAsync(response));
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> GetAsync(
        string path, AuthenticationHeaderValue? who = null, bool known = true)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(pool.Url, "/api/" + path))
        {
            Headers = { Authorization = who ?? (known ? Root : null) },
        };
        using var response = await pool.Http.SendAsync(request, Cancel);
        return (response.StatusCode, await JsonAsync(response));
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        Assert.DoesNotContain(response.Headers, h => h.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        var text = await response.Content.ReadAsStringAsync(Cancel);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            Assert.Equal("", text);
            return default;
        }

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(text).RootElement;
    }
}
