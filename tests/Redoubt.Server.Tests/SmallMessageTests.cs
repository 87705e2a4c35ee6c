namespace Redoubt.Server.Tests;

/// <summary>Messages that clients send by the way.</summary>
public sealed class SmallMessageTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task A_plug_in_that_is_not_there_is_missed_by_its_name()
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString()!;
        var none = new Dictionary<string, string>();
        var error = (await pool.AnswerAsync("host.call_plugin", pool.Session, host, "updater.py", "check_update", none))
            .GetProperty("error");
        Assert.Equal(
            ("XENAPI_MISSING_PLUGIN", "updater.py"), (error.GetProperty("message").GetString(), error.GetProperty("data")[0].GetString()));
        Assert.Equal(
            "args were: {'a': 'b\\'c'}",
            (await pool.CallAsync("host.call_plugin", host, "echo", "main", new Dictionary<string, string> { ["a"] = "b'c" })).GetString());
        Assert.False((await pool.CallAsync("host.has_extension", host, "x")).GetBoolean());
        Assert.Equal(
            "MESSAGE_METHOD_UNKNOWN",
            (await pool.AnswerAsync("host.call_extension", pool.Session, host, "x")).GetProperty("error")
                .GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_secret_is_kept_until_it_is_destroyed()
    {
        var secret = (await pool.CallAsync("secret.create", new Dictionary<string, object> { ["value"] = "s", ["other_config"] = new Dictionary<string, string>() })).GetString()!;
        Assert.Equal("s", (await pool.CallAsync("secret.get_value", secret)).GetString());
        await pool.CallAsync("secret.destroy", secret);
        Assert.Equal(
            "HANDLE_INVALID",
            (await pool.AnswerAsync("secret.get_value", pool.Session, secret)).GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Probing_tells_of_what_is_there_as_records()
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString()!;
        var place = new Dictionary<string, string> { ["location"] = pool.NewDirectory() };
        var none = new Dictionary<string, string>();
        Assert.Equal(0, (await pool.CallAsync("SR.probe_ext", host, place, "file", none)).GetArrayLength());
        var sr = (await pool.CallAsync("SR.create", host, place, "0", "s", "", "file", "", false, none)).GetString()!;
        var found = (await pool.CallAsync("SR.probe_ext", host, place, "file", none))[0];
        Assert.True(found.GetProperty("complete").GetBoolean());
        Assert.Equal((await pool.CallAsync("SR.get_uuid", sr)).GetString(), found.GetProperty("sr").GetProperty("uuid").GetString());
    }

    [Fact]
    public async Task A_probe_is_asked_for_metadata_as_every_client_does_and_for_nothing_else()
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString()!;
        var place = new Dictionary<string, string> { ["location"] = pool.NewDirectory() };
        var metadata = new Dictionary<string, string> { ["metadata"] = "true" };
        Assert.Contains("SRlist", (await pool.CallAsync("SR.probe", host, place, "file", metadata)).GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await pool.CallAsync("SR.probe_ext", host, place, "file", metadata)).GetArrayLength());
        foreach (var message in new[] { "SR.probe", "SR.probe_ext" })
        {
            var more = new Dictionary<string, string> { ["metadata"] = "true", ["x"] = "y" };
            var refused = await pool.FailureAsync(message, host, place, "file", more);
            Assert.Equal(["VALUE_NOT_SUPPORTED", "sm_config", "x"], refused[..3]);
        }
    }
}
