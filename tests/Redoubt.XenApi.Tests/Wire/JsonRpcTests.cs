using System.Text;

namespace Redoubt.XenApi.Tests.Wire;

public sealed class JsonRpcTests
{
    [Fact]
    public void A_request_of_version_2_is_read()
    {
        var call = Read("""{"jsonrpc": "2.0", "method": "VM.get_by_uuid", "params": ["OpaqueRef:1", "nope"], "id": 1}""");
        Assert.Equal(("VM.get_by_uuid", RpcForm.JsonRpc2), (call.Method, call.Form));
        Assert.Equal([new WireString("OpaqueRef:1"), new WireString("nope")], call.Parameters);
        Assert.Equal(new WireInt(1), call.Id);
    }

    [Theory]
    [InlineData("""{"method": "a.b", "params": ["x"], "id": "seven"}""", RpcForm.JsonRpc1)]
    [InlineData("""{"method": "a.b", "params": ["x"], "id": "seven", "jsonrpc": "1.0"}""", RpcForm.JsonRpc1)]
    [InlineData("""{"method": "a.b", "params": ["x"], "id": "seven", "jsonrpc": "2.0"}""", RpcForm.JsonRpc2)]
    public void The_version_is_what_the_caller_says(string text, RpcForm form)
    {
        var call = Read(text);
        Assert.Equal((form, (WireValue)new WireString("seven")), (call.Form, call.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""[{"method":"a.b","params":[],"id":1}]""")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"method": 5}""")]
    [InlineData("""{"method": "a", "params": {"a": 1}}""")]
    [InlineData("""{"method": "a", "params": "x"}""")]
    [InlineData("""{"method": "a", "jsonrpc": "3.0"}""")]
    [InlineData("""{"method": "a", "jsonrpc": 2.0}""")]
    [InlineData("""{"method": "\ud800"}""")]
    [InlineData("""{"method": "a"} trailing""")]
    public void What_is_no_request_is_refused(string text) => Assert.Throws<WireFormatException>(() => Read(text));

    [Fact]
    public void Text_that_is_no_utf8_is_refused() =>
        Assert.Throws<WireFormatException>(() => JsonRpc.ReadRequest((byte[])[.. "{\"method\":\"a"u8, 0xff, .. "\"}"u8]));

    [Fact]
    public void Nesting_has_a_limit()
    {
        Assert.Throws<WireFormatException>(
            () => Read($$"""{"method":"a","params":[{{new string('[', 100_000)}}{{new string(']', 100_000)}}]}"""));
        Assert.Single(Read($$"""{"method":"a","params":[{{new string('[', 50)}}{{new string(']', 50)}}]}""").Parameters);
    }

    // The expected bytes are a genuine server's.
    [Theory]
    [InlineData(RpcForm.JsonRpc2, """{"jsonrpc":"2.0","result":"OpaqueRef:9571","id":1}""")]
    [InlineData(RpcForm.JsonRpc1, """{"result":"OpaqueRef:9571","error":null,"id":1}""")]
    public void A_result_is_written_as_xapi_writes_it(RpcForm form, string expected) =>
        Assert.Equal(expected, Written(s => JsonRpc.WriteResult(s, form, new WireInt(1), w => w.String("OpaqueRef:9571"))));

    [Theory]
    [InlineData(RpcForm.JsonRpc2, """{"jsonrpc":"2.0","error":{"code":1,"message":"UUID_INVALID","data":["VM","nope"]},"id":1}""")]
    [InlineData(RpcForm.JsonRpc1, """{"result":null,"error":["UUID_INVALID","VM","nope"],"id":1}""")]
    public void A_failure_is_written_as_xapi_writes_it(RpcForm form, string expected) =>
        Assert.Equal(expected, Written(s => JsonRpc.WriteFailure(s, form, new WireInt(1), "UUID_INVALID", ["VM", "nope"])));

    [Fact]
    public void Only_what_json_demands_is_escaped() =>
        Assert.Equal(
            """{"jsonrpc":"2.0","result":"it's <b> & \"ü\"","id":1}""",
            Written(s => JsonRpc.WriteResult(s, RpcForm.JsonRpc2, new WireInt(1), w => w.String("it's <b> & \"ü\""))));

    [Fact]
    public void A_request_reads_back()
    {
        var call = Read(Written(s => JsonRpc.WriteRequest(s, "VM.start", 7, w =>
        {
            w.String("OpaqueRef:1");
            w.Bool(true);
        })));
        Assert.Equal(("VM.start", RpcForm.JsonRpc2, (WireValue)new WireInt(7)), (call.Method, call.Form, call.Id));
        Assert.Equal([new WireString("OpaqueRef:1"), new WireBool(true)], call.Parameters);
    }

    [Theory]
    [InlineData(RpcForm.JsonRpc1)]
    [InlineData(RpcForm.JsonRpc2)]
    public void Answers_read_back(RpcForm form)
    {
        var success = JsonRpc.ReadResponse(Bytes(s => JsonRpc.WriteResult(s, form, WireNull.Instance, w => w.Int(5))));
        Assert.Equal(new WireInt(5), success.Unwrap());
        var failure = JsonRpc.ReadResponse(Bytes(s => JsonRpc.WriteFailure(s, form, WireNull.Instance, "SR_FULL", ["1", "2"])));
        var thrown = Assert.Throws<XenApiException>(failure.Unwrap);
        Assert.Equal(("SR_FULL", "1 2"), (thrown.Code, string.Join(' ', thrown.Parameters)));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("5")]
    [InlineData("""{"error":[]}""")]
    [InlineData("""{"error":{}}""")]
    [InlineData("""{"error":"no"}""")]
    [InlineData("<html>")]
    public void What_is_no_answer_is_refused(string text) =>
        Assert.Throws<WireFormatException>(() => JsonRpc.ReadResponse(Encoding.UTF8.GetBytes(text)));

    private static RpcRequest Read(string text) => JsonRpc.ReadRequest(Encoding.UTF8.GetBytes(text));

    private static string Written(Action<Stream> write) => Encoding.UTF8.GetString(Bytes(write));

    private static byte[] Bytes(Action<Stream> write)
    {
        var stream = new MemoryStream();
        write(stream);
        return stream.ToArray();
    }
}
