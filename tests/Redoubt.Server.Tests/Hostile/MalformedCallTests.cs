using System.Net;
using System.Text;

namespace Redoubt.Server.Tests.Hostile;

public sealed class MalformedCallTests(TestPool pool) : IClassFixture<TestPool>
{
    public static TheoryData<string, string> Malformed => new()
    {
        { "/jsonrpc", "" },
        { "/jsonrpc", "{" },
        { "/jsonrpc", "[]" },
        { "/jsonrpc", "null" },
        { "/jsonrpc", "{\"jsonrpc\":\"3.0\",\"method\":\"VM.get_all\"}" },
        { "/jsonrpc", "{\"jsonrpc\":\"2.0\",\"params\":[]}" },
        { "/jsonrpc", "{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\",\"params\":[]}" },
        { "/jsonrpc", "{\"jsonrpc\":\"2.0\",\"method\":\"a\",\"params\":" + new string('[', 100_000) },
        { "/", "" },
        { "/", "<methodCall>" },
        { "/", "<!DOCTYPE a [<!ENTITY b \"c\">]><methodCall><methodName>&b;</methodName></methodCall>" },
        { "/", "<methodCall><methodName>VM.get_all</methodName><params>" + Repeat("<param><value><array><data><value>", 1) + Repeat("<array><data><value>", 50_000) },
        { "/RPC2", "{\"method\":\"x\"}" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_is_no_call_is_refused_in_words(string path, string body)
    {
        using var response = await pool.SendAsync(path, body);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains(
            "Additional information", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused()
    {
        using var content = new ByteArrayContent(new byte[(16 << 20) + 1]);
        try
        {
            using var response = await pool.Http.PostAsync(new Uri(pool.Url, "/jsonrpc"), content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
        catch (HttpRequestException)
        {
            // The server may have hung up while the rest was still being sent.
        }

        await StillAnswersAsync();
    }

    [Fact]
    public async Task A_million_pieces_of_text_are_one_text()
    {
        var body = new StringBuilder("<methodCall><methodName>VM.get_all</methodName><params><param><value>");
        for (var i = 0; i < 500_000; i++)
        {
            body.Append("<![CDATA[a]]>b");
        }

        using var response = await pool.SendAsync("/", body.Append("</value></param></params></methodCall>").ToString(), "text/xml");
        Assert.Contains(
            "SESSION_INVALID", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_hangs_up_in_the_middle_is_no_trouble()
    {
        for (var i = 0; i < 20; i++)
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(pool.Url.Host, pool.Url.Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(
                "POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\""u8.ToArray(),
                TestContext.Current.CancellationToken);
        }

        await StillAnswersAsync();
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private async Task StillAnswersAsync() => Assert.NotEmpty((await pool.CallAsync("pool.get_all")).EnumerateArray());
}
