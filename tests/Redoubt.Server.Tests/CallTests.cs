namespace Redoubt.Server.Tests;

public sealed class CallTests(TestPool pool) : IClassFixture<TestPool>
{
    [Fact]
    public async Task A_wrong_password_is_refused_as_xapi_does() => Assert.Equal(
        ["SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure"],
        await pool.RawFailureAsync("session.login_with_password", "root", "wrong", "1.0", "t"));

    [Fact]
    public async Task Another_user_is_refused_even_with_the_right_password() => Assert.Equal(
        ["SESSION_AUTHENTICATION_FAILED", "admin", "Authentication failure"],
        await pool.RawFailureAsync("session.login_with_password", "admin", TestPool.Password, "1.0", "t"));

    [Fact]
    public async Task A_login_may_leave_out_version_and_originator()
    {
        Assert.StartsWith("OpaqueRef:", (await pool.ResultAsync("session.login_with_password", "root", TestPool.Password)).GetString());
        Assert.StartsWith(
            "OpaqueRef:", (await pool.ResultAsync("session.login_with_password", "root", TestPool.Password, "1.0")).GetString());
    }

    [Fact]
    public async Task A_session_ends_with_its_logout()
    {
        var session = await pool.LoginAsync();
        Assert.Equal("", (await pool.ResultAsync("session.logout", session)).GetString());
        Assert.Equal(["SESSION_INVALID", session], await pool.RawFailureAsync("VM.get_all", session));
    }

    [Fact]
    public async Task An_unknown_session_is_named_as_it_was_spelled()
    {
        Assert.Equal(["SESSION_INVALID", "OpaqueRef:bad"], await pool.RawFailureAsync("VM.get_all", "OpaqueRef:bad"));
        Assert.Equal(["SESSION_INVALID", ""], await pool.RawFailureAsync("VM.get_all", ""));
    }

    [Theory]
    [InlineData("VM.nope")]
    [InlineData("Nope.get_all")]
    [InlineData("nonsense")]
    [InlineData("")]
    [InlineData("VM.set_power_state")]
    [InlineData("VM.get_nope")]
    [InlineData("Async.VM.get_all")]
    [InlineData("Async.session.logout")]
    [InlineData("Async.session.login_with_password")]
    [InlineData("session.slave_local_login_with_password")]
    public async Task What_is_no_message_with_behaviour_is_unknown(string method) =>
        Assert.Equal(["MESSAGE_METHOD_UNKNOWN", method], await pool.FailureAsync(method));

    [Fact]
    public async Task Parameters_are_counted_without_the_session()
    {
        Assert.Equal(["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_record", "1", "0"], await pool.FailureAsync("VM.get_record"));
        Assert.Equal(["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_all", "0", "1"], await pool.FailureAsync("VM.get_all", "x"));
        Assert.Equal(
            ["MESSAGE_PARAMETER_COUNT_MISMATCH", "session.login_with_password", "4", "1"],
            await pool.RawFailureAsync("session.login_with_password", "root"));
    }

    [Fact]
    public async Task A_parameter_of_another_type_is_named()
    {
        var vm = (await pool.CallAsync("VM.get_all"))[0].GetString();
        Assert.Equal(["FIELD_TYPE_ERROR", "value"], await pool.FailureAsync("VM.set_other_config", vm, new[] { 1 }));
        Assert.Equal(["FIELD_TYPE_ERROR", "self"], await pool.FailureAsync("VM.get_record", 5));
        Assert.Equal(["FIELD_TYPE_ERROR", "session_id"], await pool.RawFailureAsync("VM.get_all", 5));
    }

    [Fact]
    public async Task An_unknown_object_is_named_with_its_class()
    {
        Assert.Equal(["HANDLE_INVALID", "VM", "OpaqueRef:nope"], await pool.FailureAsync("VM.get_record", "OpaqueRef:nope"));
        Assert.Equal(["HANDLE_INVALID", "VM", "OpaqueRef:NULL"], await pool.FailureAsync("VM.get_name_label", "OpaqueRef:NULL"));
        Assert.Equal(["UUID_INVALID", "VM", "nope"], await pool.FailureAsync("VM.get_by_uuid", "nope"));
    }

    [Fact]
    public async Task A_query_for_an_unknown_field_or_of_no_sense_is_refused()
    {
        Assert.Equal(["INVALID_VALUE", "field", "nope"], await pool.FailureAsync("VM.get_all_records_where", "field \"nope\" = \"x\""));
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("VM.get_all_records_where", "what?"))[0]);
    }

    [Fact]
    public async Task A_query_as_long_as_a_body_may_be_does_no_harm()
    {
        var all = string.Join(" and ", Enumerable.Repeat("true", 200_000));
        Assert.NotEmpty((await pool.CallAsync("VM.get_all_records_where", all)).EnumerateObject());
        Assert.Equal("INVALID_VALUE", (await pool.FailureAsync("VM.get_all_records_where", new string('(', 1_000_000)))[0]);
    }

    [Fact]
    public async Task Setters_and_getters_reach_the_database()
    {
        var vm = (await pool.CallAsync("VM.get_all"))[0].GetString();
        await pool.CallAsync("VM.add_to_other_config", vm, "key", "a\r\n<b>");
        Assert.Equal("a\r\n<b>", (await pool.CallAsync("VM.get_other_config", vm)).GetProperty("key").GetString());
        Assert.Equal(
            ["MAP_DUPLICATE_KEY", "VM", "other_config", vm!, "key"], await pool.FailureAsync("VM.add_to_other_config", vm, "key", "b"));
        var answer = await XmlAsync("VM.get_other_config", pool.Session, vm!);
        Assert.Contains("a&#xD;\n&lt;b&gt;", answer, StringComparison.Ordinal);
        await pool.CallAsync("VM.remove_from_other_config", vm, "key");
    }

    [Fact]
    public async Task Both_protocols_answer_alike()
    {
        var host = (await pool.CallAsync("host.get_all"))[0].GetString();
        Assert.Contains(
            $"<name>Value</name><value><array><data><value>{host}</value></data></array></value>",
            await XmlAsync("host.get_all", pool.Session), StringComparison.Ordinal);
        Assert.Contains(
            "<name>ErrorDescription</name><value><array><data><value>MESSAGE_METHOD_UNKNOWN</value><value>VM.nope</value></data></array></value>",
            await XmlAsync("VM.nope", pool.Session),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_root_password_can_be_changed_by_who_knows_it()
    {
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", (await pool.FailureAsync("session.change_password", "wrong", "x"))[0]);
        await pool.CallAsync("session.change_password", TestPool.Password, "another one");
        Assert.StartsWith("OpaqueRef:", (await pool.ResultAsync("session.login_with_password", "root", "another one")).GetString());
        await pool.CallAsync("session.change_password", "another one", TestPool.Password);
        Assert.DoesNotContain(
            TestPool.Password,
            await File.ReadAllTextAsync(Path.Combine(pool.DataDirectory, "root-password.json"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_clients_at_once_are_all_answered()
    {
        var vm = (await pool.CallAsync("VM.get_all"))[0].GetString();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await pool.CallAsync("VM.add_to_other_config", vm, $"k{i}", "v");
            await pool.CallAsync("VM.get_all_records");
            await pool.CallAsync("VM.remove_from_other_config", vm, $"k{i}");
        }));
        Assert.DoesNotContain("\"k", (await pool.CallAsync("VM.get_other_config", vm)).ToString(), StringComparison.Ordinal);
    }

    private async Task<string> XmlAsync(string method, params string[] parameters)
    {
        var body = $"<?xml version='1.0'?><methodCall><methodName>{method}</methodName><params>"
            + string.Concat(parameters.Select(p => $"<param><value><string>{p}</string></value></param>")) + "</params></methodCall>";
        using var response = await pool.SendAsync("/RPC2", body, "text/xml");
        return await response.Content.ReadAsStringAsync();
    }
}
