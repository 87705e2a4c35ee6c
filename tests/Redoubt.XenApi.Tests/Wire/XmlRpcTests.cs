using System.Text;

namespace Redoubt.XenApi.Tests.Wire;

public sealed class XmlRpcTests
{
    [Fact]
    public void A_request_is_read_with_the_blanks_that_clients_put_in()
    {
        var call = Read(
            """
            <?xml version='1.0'?>
            <methodCall>
            <methodName>VM.get_by_uuid</methodName>
            <params>
            <param>
            <value><string>OpaqueRef:c2b0</string></value>
            </param>
            <param>
            <value>bare &amp; text</value>
            </param>
            <param><value><boolean>1</boolean></value></param>
            <param><value><struct><member><name>a</name><value><int>5</int></value></member></struct></value></param>
            </params>
            </methodCall>

            """);
        Assert.Equal(("VM.get_by_uuid", RpcForm.XmlRpc), (call.Method, call.Form));
        Assert.Equal([new WireString("OpaqueRef:c2b0"), new WireString("bare & text"), new WireBool(true)], call.Parameters.Take(3));
        Assert.Equal(new WireInt(5), ((WireStruct)call.Parameters[3])["a"]);
    }

    [Theory]
    [InlineData("<methodCall><methodName>system.listMethods</methodName></methodCall>")]
    [InlineData("<methodCall><methodName>system.listMethods</methodName><params/></methodCall>")]
    [InlineData("<methodCall><methodName>system.listMethods</methodName><params></params></methodCall>")]
    public void A_call_may_have_no_parameters(string text) => Assert.Empty(Read(text).Parameters);

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("<methodCall>")]
    [InlineData("<methodCall/>")]
    [InlineData("<methodCall><methodName/></methodCall>")]
    [InlineData("<methodResponse/>")]
    [InlineData("<methodCall><methodName>a</methodName><params><value>x</value></params></methodCall>")]
    [InlineData("<methodCall><methodName>a</methodName><params><param><value><int>x</int></value></param></params></methodCall>")]
    [InlineData("<!DOCTYPE a [<!ENTITY b \"c\">]><methodCall><methodName>&b;</methodName></methodCall>")]
    [InlineData("<methodCall><methodName>&b;</methodName></methodCall>")]
    [InlineData("<methodCall><methodName>a</methodName><params><param><value>&#1;</value></param></params></methodCall>")]
    [InlineData("<methodCall><methodName>a</methodName><params><param><value>&#xd800;</value></param></params></methodCall>")]
    [InlineData("<:/>")]
    public void What_is_no_request_is_refused(string text) => Assert.Throws<WireFormatException>(() => Read(text));

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("US-ASCII")]
    [InlineData("iso-8859-1")]
    public void A_request_may_be_written_in_any_of_these(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        var text = name == "US-ASCII" ? "Zürich".Replace("ü", "&#252;", StringComparison.Ordinal) : "Zürich";
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes($"<?xml version=\"1.0\" encoding=\"{name}\"?>\n<methodCall><methodName>a</methodName><params><param><value>{text}</value></param></params></methodCall>")];
        Assert.Equal([new WireString("Zürich")], XmlRpc.ReadRequest(new MemoryStream(bytes)).Parameters);
    }

    [Fact]
    public void Text_keeps_its_lines_and_blanks()
    {
        var call = Read(
            "<methodCall><methodName>a</methodName><params><param><value>  </value></param><param><value><string>x\r\ny\rz&#13;<!-- no --> "
                + "<![CDATA[<&]]></string></value></param></params></methodCall>");
        Assert.Equal([new WireString("  "), new WireString("x\ny\nz\r <&")], call.Parameters);
    }

    // Parsers that begin a tag anew with each block they read would take minutes over each of these.
    [Theory]
    [InlineData("<methodCall", " ", "><methodName>a</methodName></methodCall>")]
    [InlineData("<methodCall><methodName>a</methodName></methodCall", "\n", ">")]
    [InlineData("<methodCall><methodName>&#", "0", "97;</methodName></methodCall>")]
    public void Megabytes_of_nothing_cost_no_more_than_their_length(string before, string nothing, string after) =>
        Assert.Equal("a", Read(before + string.Concat(Enumerable.Repeat(nothing, 16 << 20)) + after).Method);

    [Fact]
    public void A_tag_has_a_limit() =>
        Assert.Throws<WireFormatException>(() => Read($"<methodCall {string.Concat(Enumerable.Range(0, 100_000).Select(i => $"a{i}='' "))}><methodName>a</methodName></methodCall>"));

    [Fact]
    public void Nesting_has_a_limit()
    {
        static string Nested(int depth) => "<methodCall><methodName>a</methodName><params><param>"
            + string.Concat(Enumerable.Repeat("<value><array><data>", depth)) + string.Concat(
                Enumerable.Repeat("</data></array></value>", depth))
            + "</param></params></methodCall>";
        Assert.Single(Read(Nested(50)).Parameters);
        Assert.Throws<WireFormatException>(() => Read(Nested(10_000)));
    }

    // The expected bytes are a genuine server's.
    [Fact]
    public void Answers_are_written_as_xapi_writes_them()
    {
        Assert.Equal(
            """<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member><member><name>Value</name><value></value></member></struct></value></param></params></methodResponse>""",
            Written(s => XmlRpc.WriteResult(s, w => w.String(""))));
        Assert.Equal(
            """<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Failure</value></member><member><name>ErrorDescription</name><value><array><data><value>UUID_INVALID</value><value>VM</value><value>nope</value></data></array></value></member></struct></value></param></params></methodResponse>""",
            Written(s => XmlRpc.WriteFailure(s, "UUID_INVALID", ["VM", "nope"])));
    }

    [Fact]
    public void Requests_and_answers_read_back()
    {
        var call = XmlRpc.ReadRequest(
            Stream(
                s => XmlRpc.WriteRequest(s, "VM.x", [new WireString(" <a> "), new WireBool(false), new WireArray([new WireString("b")])])));
        Assert.Equal("VM.x", call.Method);
        Assert.Equal([new WireString(" <a> "), new WireBool(false)], call.Parameters.Take(2));
        Assert.Equal(new WireString("5"), XmlRpc.ReadResponse(Stream(s => XmlRpc.WriteResult(s, w => w.Int(5)))).Unwrap());
        var failure = XmlRpc.ReadResponse(Stream(s => XmlRpc.WriteFailure(s, "SR_FULL", ["1"]))).Failure!;
        Assert.Equal(("SR_FULL", "1"), (failure.Code, failure.Parameters[0]));
    }

    [Fact]
    public void A_fault_is_a_failure()
    {
        var fault = XmlRpc.ReadResponse(new MemoryStream(Encoding.UTF8.GetBytes(
            "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member><member><name>faultString</name><value>no</value></member></struct></value></fault></methodResponse>")));
        Assert.Equal(("Fault", "1 no"), (fault.Failure!.Code, string.Join(' ', fault.Failure.Parameters)));
    }

    [Theory]
    [InlineData("<html/>")]
    [InlineData("<methodResponse><params><param><value>x</value></param></params></methodResponse>")]
    [InlineData("<methodResponse><params><param><value><struct></struct></value></param></params></methodResponse>")]
    public void What_is_no_answer_is_refused(string text) =>
        Assert.Throws<WireFormatException>(() => XmlRpc.ReadResponse(new MemoryStream(Encoding.UTF8.GetBytes(text))));

    private static RpcRequest Read(string text) => XmlRpc.ReadRequest(new MemoryStream(Encoding.UTF8.GetBytes(text)));

    private static MemoryStream Stream(Action<Stream> write)
    {
        var stream = new MemoryStream();
        write(stream);
        stream.Position = 0;
        return stream;
    }

    private static string Written(Action<Stream> write) => Encoding.UTF8.GetString(Stream(write).ToArray());
}
