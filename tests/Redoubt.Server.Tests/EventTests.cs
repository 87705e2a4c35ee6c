using System.Text.Json;
using Redoubt.Server.Events;

namespace Redoubt.Server.Tests;

public sealed class EventTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task The_first_batch_has_everything_and_the_next_only_what_changed()
    {
        var first = await FromAsync("", 10, "pool", "vm");
        Assert.All(first.GetProperty("events").EnumerateArray(), e => Assert.Equal("add", e.GetProperty("operation").GetString()));
        Assert.Equal(1, first.GetProperty("valid_ref_counts").GetProperty("pool").GetInt32());
        Assert.Matches("^[0-9]{20},[0-9]{20}$", first.GetProperty("token").GetString());

        var vm = (await pool.CallAsync("VM.get_all"))[0].GetString()!;
        var waiting = FromAsync(Token(first), 30, "vm");
        await pool.CallAsync("VM.add_to_other_config", vm, "seen", "1");
        var second = await waiting;
        var change = Assert.Single(second.GetProperty("events").EnumerateArray());
        Assert.Equal(
            ("mod", "vm", vm),
            (change.GetProperty("operation").GetString(), change.GetProperty("class").GetString(), change.GetProperty("ref").GetString()));
        Assert.Equal("1", change.GetProperty("snapshot").GetProperty("other_config").GetProperty("seen").GetString());
    }

    [Fact]
    public async Task An_object_that_is_gone_is_told_once_without_a_snapshot()
    {
        var task = (await pool.CallAsync("task.create", "t", "")).GetString()!;
        var token = Token(await FromAsync("", 10, "task"));
        await pool.CallAsync("task.destroy", task);
        var gone = Assert.Single((await FromAsync(token, 30, $"task/{task}")).GetProperty("events").EnumerateArray());
        Assert.Equal("del", gone.GetProperty("operation").GetString());
        Assert.False(gone.TryGetProperty("snapshot", out _));
    }

    [Fact]
    public async Task Nothing_wanted_answers_when_the_time_is_up()
    {
        var batch = await FromAsync("", 0.2, "nosuch");
        Assert.Empty(batch.GetProperty("events").EnumerateArray());
    }

    [Fact]
    public async Task Sessions_are_nobodys_business()
    {
        var batch = await FromAsync("", 10, "*", "session");
        Assert.DoesNotContain(batch.GetProperty("events").EnumerateArray(), e => e.GetProperty("class").GetString() == "session");
    }

    [Fact]
    public async Task A_token_of_another_run_gets_everything_anew()
    {
        var batch = await FromAsync("00000000000000000001,00000000000000000001", 10, "pool");
        Assert.Equal("add", Assert.Single(batch.GetProperty("events").EnumerateArray()).GetProperty("operation").GetString());
    }

    [Fact]
    public async Task A_garbled_token_is_refused() =>
        Assert.Equal(["EVENT_FROM_TOKEN_PARSE_FAILURE", "garbage"], await pool.FailureAsync("event.from", new[] { "*" }, "garbage", 1.0));

    [Fact]
    public async Task Waiting_ends_with_the_session()
    {
        var session = await pool.LoginAsync();
        var token = Token(await FromAsync("", 10, "vm"));
        var waiting = pool.RawFailureAsync("event.from", session, new[] { "vm" }, token, 60.0);
        await pool.ResultAsync("session.logout", session);
        Assert.Equal(["SESSION_INVALID", session], await waiting);
    }

    [Fact]
    public async Task An_injected_event_is_told()
    {
        var self = (await pool.CallAsync("pool.get_all"))[0].GetString()!;
        var token = Token(await FromAsync("", 10, "pool"));
        await pool.CallAsync("event.inject", "pool", self);
        Assert.Single((await FromAsync(token, 30, "pool")).GetProperty("events").EnumerateArray());
    }

    [Fact]
    public async Task Who_missed_more_than_is_kept_gets_everything_anew()
    {
        var services = pool.Server.Daemon.Services;
        using var feed = new EventFeed(services.Database, services.Time, kept: 8);
        var start = feed.Since(default).Token;
        var tasks = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            tasks.Add((await pool.CallAsync("task.create", "t", "")).GetString()!);
        }

        Assert.All(tasks, t => Assert.Contains(feed.Since(start).Entries!, e => e.Ref == t));
        foreach (var task in tasks)
        {
            await pool.CallAsync("task.destroy", task);
        }

        Assert.Null(feed.Since(start).Entries);
    }

    [Fact]
    public async Task A_foreign_database_is_told_whole_and_never_changes()
    {
        var foreign = await pool.OpenForeignAsync();
        var first = await pool.ResultAsync("event.from", foreign, new[] { "vm" }, "", 10.0);
        Assert.NotEmpty(first.GetProperty("events").EnumerateArray());
        var vm = (await pool.CallAsync("VM.get_all"))[0].GetString()!;
        await pool.CallAsync("VM.add_to_other_config", vm, "elsewhere", "1");
        Assert.Empty(
            (await pool.ResultAsync("event.from", foreign, new[] { "vm" }, Token(first), 0.2)).GetProperty("events").EnumerateArray());
    }

    private static string Token(JsonElement batch) => batch.GetProperty("token").GetString()!;

    private Task<JsonElement> FromAsync(string token, double timeout, params string[] classes) =>
        pool.CallAsync("event.from", classes, token, timeout);
}
