namespace Redoubt.Server.Tests;

/// <summary>The language of <c>get_all_records_where</c>.</summary>
public sealed class QueryTests(TestPool pool) : IClassFixture<TestPool>
{
    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("\"a\"=\"a\"", true)]
    [InlineData("\"a\" = \"b\"", false)]
    [InlineData("\"\\\" = \"\\\"", true)]
    [InlineData("field \"enabled\" = \"true\"", true)]
    [InlineData("\"true\" = field \"enabled\"", true)]
    [InlineData("field \"address\" = field \"uuid\"", false)]
    [InlineData("field \"name__label\" = \"no such host\"", false)]
    [InlineData("((true))", true)]
    [InlineData("not(true)or true", false)] // not reaches as far as it can: not ((true) or true)
    [InlineData("(not true) or true", true)]
    [InlineData("not false and false", true)]
    [InlineData("true or false and false", false)] // from the left: (true or false) and false
    [InlineData("true or (false and false)", true)]
    [InlineData("not not true", true)]
    [InlineData("\ttrue\nand\ttrue", true)]
    public async Task A_condition_means_what_it_means_to_xapi(string condition, bool holds) =>
        Assert.Equal(holds ? 1 : 0, (await pool.CallAsync("host.get_all_records_where", condition)).EnumerateObject().Count());

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("true true")]
    [InlineData("true and")]
    [InlineData("(true")]
    [InlineData("not")]
    [InlineData("field \"uuid\"")]
    [InlineData("field uuid = \"a\"")]
    [InlineData("'a' = 'a'")]
    [InlineData("\"a\" = \"a")]
    public async Task What_is_no_condition_is_refused_as_by_xapi(string text) =>
        Assert.Equal(["INVALID_VALUE", text, "Stdlib.Parsing.Parse_error"], await pool.FailureAsync("host.get_all_records_where", text));

    [Fact]
    public async Task A_field_that_the_class_lacks_is_named() =>
        Assert.Equal(["INVALID_VALUE", "field", "nope"], await pool.FailureAsync("host.get_all_records_where", "field \"nope\" = \"a\""));

    [Fact]
    public async Task However_deep_or_long_a_condition_is_it_costs_no_stack()
    {
        Assert.Equal(
            "INVALID_VALUE",
            (await pool.FailureAsync("host.get_all_records_where", string.Concat(Enumerable.Repeat("not ", 200_000)) + "true"))[0]);
        var mixed = string.Join(" or ", Enumerable.Repeat("false and true", 100_000)) + " or true";
        Assert.Single((await pool.CallAsync("host.get_all_records_where", mixed)).EnumerateObject());
    }

    [Fact]
    public async Task The_list_of_methods_needs_no_session_and_every_method_on_it_is_known()
    {
        var methods = (await pool.ResultAsync("system.listMethods")).EnumerateArray().Select(m => m.GetString()!).ToList();
        Assert.Contains("VM.start", methods);
        Assert.Contains("VM.get_all_records", methods);
        Assert.Contains("event.next", methods);
        Assert.Contains("session.login_with_password", methods);
        Assert.Contains("system.listMethods", methods);

        // Called with no parameter at all, so that nothing is done.
        foreach (var method in methods.Where(m => m is not "system.listMethods").Chunk(40).Select(c => c[0]))
        {
            Assert.Equal("MESSAGE_PARAMETER_COUNT_MISMATCH", (await pool.RawFailureAsync(method))[0]);
        }

        using var response = await pool.SendAsync(
            "/xmlrpc", "<methodCall><methodName>system.listMethods</methodName></methodCall>", "text/xml");
        Assert.StartsWith(
            "<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data><value>",
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        Assert.Equal(["NOT_IMPLEMENTED", "list_method"], await pool.FailureAsync("host.list_methods"));
    }
}
