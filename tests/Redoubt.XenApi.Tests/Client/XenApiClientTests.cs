using System.Collections.Immutable;

namespace Redoubt.XenApi.Tests.Client;

public sealed class XenApiClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_carries_the_session_and_arguments_of_the_declared_types()
    {
        using var server = new ScriptedServer(
            ScriptedServer.Result("\"OpaqueRef:s\""), ScriptedServer.Result("\"\""), ScriptedServer.Result("\"OpaqueRef:t\""),
            ScriptedServer.Result("\"\""));
        await using var client = new XenApiClient(server.Url);
        await client.LoginAsync("root", "pw", Cancel);
        Assert.Null(await client.CallAsync("VM.start", [new Ref<VmRecord>("OpaqueRef:v"), false, true], Cancel));
        var task = await client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", ["file", ImmutableSortedDictionary<string, string>.Empty.Add("a", "b"), (string[])["x"]], Cancel);
        Assert.Equal(new Ref<DrTaskRecord>("OpaqueRef:t"), task);
        Assert.Equal(
            [
                """{"jsonrpc":"2.0","method":"session.login_with_password","params":["root","pw","2.0","redoubt"],"id":1}""",
                """{"jsonrpc":"2.0","method":"VM.start","params":["OpaqueRef:s","OpaqueRef:v",false,true],"id":2}""",
                """{"jsonrpc":"2.0","method":"DR_task.create","params":["OpaqueRef:s","file",{"a":"b"},["x"]],"id":3}""",
            ],
            server.Requests);
    }

    [Fact]
    public async Task Records_come_as_records()
    {
        using var server = new ScriptedServer(
            ScriptedServer.Result("""{"OpaqueRef:a":{"uuid":"u","name_label":"shop","VMs":[],"new_field":{"x":1}}}"""));
        await using var client = new XenApiClient(server.Url);
        var all = await client.GetAllRecordsAsync<VmApplianceRecord>(Cancel);
        Assert.Equal("shop", all[new("OpaqueRef:a")].NameLabel);
    }

    [Fact]
    public async Task An_argument_of_another_type_is_never_sent()
    {
        await using var client = new XenApiClient(new Uri("http://127.0.0.1:1"));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CallAsync("VM.start", ["OpaqueRef:v", "false", true], Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => client.CallAsync("VM.start", ["OpaqueRef:v"], Cancel));
    }

    [Fact]
    public async Task A_message_that_the_model_lacks_is_sent_and_answered_as_it_comes()
    {
        using var server = new ScriptedServer(ScriptedServer.Result("[1]"));
        await using var client = new XenApiClient(server.Url);
        Assert.IsType<WireArray>(await client.CallAsync("VM.of_the_future", ["a", 1, true], Cancel));
    }

    [Fact]
    public async Task A_servers_refusal_has_its_code()
    {
        using var server = new ScriptedServer(ScriptedServer.Failure("""{"code":1,"message":"HANDLE_INVALID","data":["VM","x"]}"""));
        await using var client = new XenApiClient(server.Url);
        Assert.Equal("HANDLE_INVALID", (await Assert.ThrowsAsync<XenApiException>(() => client.CallAsync("VM.pause", ["x"], Cancel))).Code);
    }

    [Theory]
    [InlineData(200, "text/html", "<html>")]
    [InlineData(200, "application/json", """{"jsonrpc":"2.0","result":5,"id":1}""")]
    [InlineData(404, "text/html", "<html>")]
    [InlineData(500, "text/plain", "no")]
    public async Task Whatever_is_no_answer_is_a_transport_failure(int status, string type, string body)
    {
        using var server = new ScriptedServer((status, type, body));
        await using var client = new XenApiClient(server.Url);
        await Assert.ThrowsAsync<XenApiTransportException>(() => client.CallAsync("VM.get_name_label", ["OpaqueRef:v"], Cancel));
    }

    [Fact]
    public async Task A_task_is_watched_to_its_end_and_removed()
    {
        using var server = new ScriptedServer(
            ScriptedServer.Result("\"OpaqueRef:t\""),
            ScriptedServer.Result("""{"status":"pending","progress":0.5}"""),
            ScriptedServer.Result("""{"status":"success","progress":1.0,"result":"<value>OpaqueRef:new</value>"}"""),
            ScriptedServer.Result("\"\""));
        await using var client = new XenApiClient(server.Url);
        var progress = new List<double>();
        var made = await client.RunTaskAsync("VM.clone", ["OpaqueRef:v", "copy"], new ListProgress(progress), cancellationToken: Cancel);
        Assert.Equal(new Ref<VmRecord>("OpaqueRef:new"), made);
        Assert.Equal([0.5, 1], progress);
        Assert.Contains("\"Async.VM.clone\"", server.Requests[0], StringComparison.Ordinal);
        Assert.Contains("\"task.destroy\"", server.Requests[3], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"status":"failure","error_info":["SR_FULL","1","2"]}""", "SR_FULL")]
    [InlineData("""{"status":"failure","error_info":[]}""", "INTERNAL_ERROR")]
    [InlineData("""{"status":"cancelled"}""", "TASK_CANCELLED")]
    public async Task A_task_that_fails_has_its_code(string record, string code)
    {
        using var server = new ScriptedServer(
            ScriptedServer.Result("\"OpaqueRef:t\""), ScriptedServer.Result(record), ScriptedServer.Result("\"\""));
        await using var client = new XenApiClient(server.Url);
        var failure = await Assert.ThrowsAsync<XenApiException>(
            () => client.RunTaskAsync("VM.pause", ["OpaqueRef:v"], cancellationToken: Cancel));
        Assert.Equal(code, failure.Code);
    }

    private sealed class ListProgress(List<double> list) : IProgress<double>
    {
        public void Report(double value) => list.Add(value);
    }
}
