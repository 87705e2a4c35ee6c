using Redoubt.Server.Events;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

public sealed class EventNextTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task Who_has_registered_for_nothing_is_refused_without_their_session_being_named()
    {
        var session = await pool.LoginAsync();
        var failure = await pool.RawFailureAsync("event.next", session);
        Assert.Equal("SESSION_NOT_REGISTERED", failure[0]);
        Assert.Matches("^trackid=[0-9a-f]{32}$", failure[1]);
    }

    [Fact]
    public async Task What_was_registered_for_is_told_once_and_nothing_else()
    {
        var session = await pool.LoginAsync();
        var self = (await pool.CallAsync("pool.get_all"))[0].GetString()!;
        await pool.ResultAsync("event.register", session, new[] { "Pool" });
        await pool.CallAsync("task.create", "not wanted", "");
        await pool.CallAsync("pool.add_to_other_config", self, "told", "1");
        var told = Assert.Single((await pool.ResultAsync("event.next", session)).EnumerateArray());
        Assert.Equal(
            ("pool", "mod", self),
            (told.GetProperty("class").GetString(), told.GetProperty("operation").GetString(), told.GetProperty("ref").GetString()));
        Assert.Equal("1", told.GetProperty("snapshot").GetProperty("other_config").GetProperty("told").GetString());

        var waiting = pool.ResultAsync("event.next", session);
        await pool.CallAsync("task.create", "not wanted", "");
        Assert.False(waiting.IsCompleted);
        await pool.CallAsync("pool.remove_from_other_config", self, "told");
        Assert.Single((await waiting).EnumerateArray());
    }

    [Fact]
    public async Task What_was_unregistered_is_not_told_any_more()
    {
        var session = await pool.LoginAsync();
        var self = (await pool.CallAsync("pool.get_all"))[0].GetString()!;
        await pool.ResultAsync("event.register", session, new[] { "pool", "task" });
        await pool.ResultAsync("event.unregister", session, new[] { "pool" });
        await pool.CallAsync("pool.add_to_other_config", self, "quiet", "1");
        await pool.CallAsync("task.create", "wanted", "");
        await pool.CallAsync("pool.remove_from_other_config", self, "quiet");
        Assert.All(
            (await pool.ResultAsync("event.next", session)).EnumerateArray(),
            e => Assert.Equal("task", e.GetProperty("class").GetString()));
    }

    [Fact]
    public async Task Waiting_ends_with_the_session()
    {
        var session = await pool.LoginAsync();
        await pool.ResultAsync("event.register", session, new[] { "vm" });
        var waiting = pool.RawFailureAsync("event.next", session);
        await pool.ResultAsync("session.logout", session);
        Assert.Equal(["SESSION_INVALID", session], await waiting);
    }

    [Fact]
    public async Task Who_falls_behind_is_told_so_and_goes_on_from_there()
    {
        var services = pool.Server.Daemon.Services;
        using var feed = new EventFeed(services.Database, services.Time, kept: 4);
        var subscription = new EventSubscription(feed);
        subscription.Add(["task"]);
        for (var i = 0; i < 10; i++)
        {
            await pool.CallAsync("task.create", "t", "");
        }

        Assert.Equal("EVENTS_LOST", Assert.Throws<XenApiException>(() => subscription.Take(Role.PoolAdmin)).Code);
        await pool.CallAsync("task.create", "t", "");
        Assert.Single(subscription.Take(Role.PoolAdmin).Events.Entries);
    }

    [Fact]
    public async Task Nobody_registers_for_more_than_anybody_needs()
    {
        var words = Enumerable.Range(0, 20_000).Select(i => $"vm/OpaqueRef:{i}").ToArray();
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("event.register", [words]))[0]);
    }

    [Fact]
    public async Task Changes_that_came_together_are_told_together_each_object_once()
    {
        var token = (await pool.CallAsync("event.from", new[] { "task", "pool" }, "", 10.0)).GetProperty("token").GetString();
        var self = (await pool.CallAsync("pool.get_all"))[0].GetString()!;
        var kept = (await pool.CallAsync("task.create", "kept", "")).GetString()!;
        var gone = (await pool.CallAsync("task.create", "gone", "")).GetString()!;
        await pool.CallAsync("task.destroy", gone);
        await pool.CallAsync("pool.add_to_other_config", self, "a", "1");
        await pool.CallAsync("pool.remove_from_other_config", self, "a");
        var events = (await pool.CallAsync("event.from", new[] { "task", "pool" }, token, 10.0)).GetProperty("events").EnumerateArray()
            .Select(e => (e.GetProperty("ref").GetString()!, e.GetProperty("operation").GetString()!)).ToList();
        Assert.Contains((kept, "add"), events);
        Assert.Contains((self, "mod"), events);
        Assert.DoesNotContain(events, e => e.Item1 == gone && e.Item2 != "del");
        Assert.Equal(events.Count, events.Select(e => e.Item1).Distinct().Count());
    }

    [Fact]
    public async Task Counts_of_objects_are_numbers_to_XML_RPC()
    {
        var body = "<methodCall><methodName>event.from</methodName><params>"
            + $"<param><value>{pool.Session}</value></param><param><value><array><data><value>nosuch</value></data></array></value></param>"
            + "<param><value></value></param><param><value><double>0.1</double></value></param></params></methodCall>";
        using var response = await pool.SendAsync("/", body, "text/xml");
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<member><name>host</name><value><i4>1</i4></value></member>", answer, StringComparison.Ordinal);
    }
}
