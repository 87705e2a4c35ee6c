using System.Net.Sockets;
using System.Text;

namespace Redoubt.Server.Tests;

/// <summary>HTTP/1.1 without a Host header, as xapi's own clients send it.</summary>
public sealed class HostlessTests(TestPool pool) : IClassFixture<TestPool>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_are_answered_one_after_the_other_with_bodies_of_any_form()
    {
        using var client = await ConnectAsync();
        var body = Json("VM.get_all");
        var chunked = $"{body.Length / 2:x}\r\n{body[..(body.Length / 2)]}\r\n{body.Length - (body.Length / 2):X};ext=1\r\n{body[(body.Length / 2)..]}\r\n0\r\nTrailer: x\r\n\r\n";
        string[] requests =
        [
            $"POST /jsonrpc HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {body.Length}\r\nConnection: "
                + $"keep-alive\r\n\r\n{body}",
            $"POST /jsonrpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}",
            "OPTIONS / HTTP/1.1\r\n\r\n",
            $"POST /jsonrpc HTTP/1.1\r\nhost: own\r\ncontent-length: {body.Length}\r\n\r\n{body}",
            $"POST /jsonrpc HTTP/1.1\r\nContent-Length: {body.Length}\r\n\r\n{body}",
        ];
        foreach (var request in requests)
        {
            await SendAsync(client, request);
            Assert.StartsWith("HTTP/1.1 200 OK", await AnswerAsync(client), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_request_that_comes_byte_by_byte_is_answered_with_a_Host_header_or_without()
    {
        foreach (var host in new[] { "", "Host: x\r\n" })
        {
            using var client = await ConnectAsync();
            client.NoDelay = true;
            foreach (var letter in $"OPTIONS / HTTP/1.1\r\n{host}\r\n")
            {
                await SendAsync(client, $"{letter}");
            }

            Assert.StartsWith("HTTP/1.1 200 OK", await AnswerAsync(client), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Several_at_once_are_answered_in_their_order()
    {
        using var client = await ConnectAsync();
        await SendAsync(client, string.Concat(Enumerable.Repeat("OPTIONS / HTTP/1.1\r\n\r\n", 20)));
        for (var i = 0; i < 20; i++)
        {
            Assert.StartsWith("HTTP/1.1 200 OK", await AnswerAsync(client), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("POST /jsonrpc HTTP/1.1\r\nContent-Length: many\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("POST /jsonrpc HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    public async Task What_is_no_request_is_refused_and_the_server_lives_on(string request)
    {
        using (var client = await ConnectAsync())
        {
            await SendAsync(client, request);
            Assert.Matches("^HTTP/1.1 [45]", await AnswerAsync(client));
        }

        await pool.CallAsync("VM.get_all");
    }

    private string Json(string method) => $$"""{"jsonrpc":"2.0","method":"{{method}}","params":["{{pool.Session}}"],"id":1}""";

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(pool.Url.Host, pool.Url.Port, Cancel);
        return client;
    }

    private static async Task SendAsync(TcpClient client, string text) =>
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), Cancel);

    // One answer, and nothing of the next.
    private static async Task<string> AnswerAsync(TcpClient client)
    {
        var (stream, text) = (client.GetStream(), new StringBuilder());
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, Cancel) > 0)
        {
            text.Append((char)one[0]);
        }

        var head = text.ToString();
        if (head.Contains("chunked", StringComparison.OrdinalIgnoreCase))
        {
            while (!text.ToString().EndsWith("0\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, Cancel) > 0)
            {
                text.Append((char)one[0]);
            }
        }
        else if (head.Split("\r\n").FirstOrDefault(l => l.StartsWith("content-length:", StringComparison.OrdinalIgnoreCase)) is { } length)
        {
            await stream.ReadExactlyAsync(new byte[int.Parse(length.Split(':')[1])], Cancel);
        }

        return text.ToString();
    }
}
