using System.Text.Json;
using Redoubt.XenApi;

namespace Redoubt.Server.Tests;

/// <summary>Alerts are messages, and reach people only if they are told of.</summary>
public sealed class MessageEventTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task Those_who_wait_are_told_of_messages_that_come_and_go()
    {
        var uuid = (await pool.CallAsync("pool.get_uuid", (await pool.CallAsync("pool.get_all"))[0].GetString())).GetString();
        var token = (await FromAsync("")).GetProperty("token").GetString()!;
        var waiting = FromAsync(token);
        var message = (await pool.CallAsync("message.create", "ALERT", 1, "Pool", uuid, "look here")).GetString();
        var batch = await waiting;
        var told = Assert.Single(batch.GetProperty("events").EnumerateArray());
        Assert.Equal(
            ("message", "add", message),
            (told.GetProperty("class").GetString(), told.GetProperty("operation").GetString(), told.GetProperty("ref").GetString()));
        Assert.Equal("look here", told.GetProperty("snapshot").GetProperty("body").GetString());
        Assert.True(batch.GetProperty("valid_ref_counts").GetProperty("message").GetInt32() > 0);

        waiting = FromAsync(batch.GetProperty("token").GetString()!);
        await pool.CallAsync("message.destroy", message);
        Assert.Equal("del", Assert.Single((await waiting).GetProperty("events").EnumerateArray()).GetProperty("operation").GetString());
    }

    [Fact]
    public async Task Those_who_have_registered_are_told_too()
    {
        var session = await pool.LoginAsync();
        var uuid = (await pool.CallAsync("pool.get_uuid", (await pool.CallAsync("pool.get_all"))[0].GetString())).GetString();
        await pool.ResultAsync("event.register", session, new[] { "message" });
        var message = (await pool.CallAsync("message.create", "ALERT", 1, "Pool", uuid, "look here")).GetString();
        var told = Assert.Single((await pool.ResultAsync("event.next", session)).EnumerateArray());
        Assert.Equal(
            ("message", "add", message),
            (told.GetProperty("class").GetString(), told.GetProperty("operation").GetString(), told.GetProperty("ref").GetString()));
    }

    [Fact]
    public async Task Of_every_class_whose_objects_can_be_listed_events_are_told()
    {
        var first = await pool.CallAsync("event.from", new[] { "*" }, "", 10.0);
        var told = first.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("class").GetString()!).ToHashSet();
        // Roles are the server's own and never change; no table has them, in xapi neither.
        foreach (var model in DataModel.Classes.Values.Where(c => c.Messages.ContainsKey("get_all") && !c.IsExtension && c.Name != "role"))
        {
            if (await CountAsync(model.Name) > 0)
            {
                Assert.Contains(model.Name.ToLowerInvariant(), told);
            }
        }
    }

    private async Task<int> CountAsync(string name)
    {
        var answer = await pool.AnswerAsync($"{name}.get_all", pool.Session);
        return answer.TryGetProperty("result", out var all) ? all.GetArrayLength() : 0;
    }

    private Task<JsonElement> FromAsync(string token) => pool.CallAsync("event.from", new[] { "message" }, token, 30.0);
}
