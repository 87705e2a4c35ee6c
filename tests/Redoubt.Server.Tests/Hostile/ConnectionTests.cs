using System.Net.Sockets;
using System.Text;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>Clients that don't send, don't read or don't leave.</summary>
public sealed class ConnectionTests(TestPool pool) : IClassFixture<TestPool>
{
    private const long MebiByte = 1 << 20;

    [Fact]
    public async Task Idle_connections_are_bounded_and_let_others_in_when_they_go()
    {
        var idle = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 2_300; i++)
            {
                idle.Add(await ConnectAsync());
            }

            // Those over the limit are hung up on at once; reading tells.
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            Assert.Equal(0, await idle[^1].GetStream().ReadAsync(new byte[1], limit.Token));
        }
        finally
        {
            idle.ForEach(c => c.Dispose());
        }

        await AnswersAgainAsync();
    }

    [Fact]
    public async Task Half_a_request_is_not_waited_for_without_end()
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        await stream.WriteAsync(
            "POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{\"jsonrpc\""u8.ToArray(),
            TestContext.Current.CancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(40));
        using var reader = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 408 Request Timeout", await reader.ReadToEndAsync(limit.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_never_reads_costs_little_memory_and_nobody_else_anything()
    {
        var request = $$"""{"jsonrpc":"2.0","method":"host.get_all_records","params":["{{pool.Session}}"],"id":1}""";
        var many = Encoding.UTF8.GetBytes(
            string.Concat(
                Enumerable.Repeat($"POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: {request.Length}\r\n\r\n{request}", 200)));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var clients = new List<TcpClient>();
        try
        {
            for (var i = 0; i < 20; i++)
            {
                var client = await ConnectAsync();
                clients.Add(client);
                client.ReceiveBufferSize = 4096;

                // It stops being taken when the answers stop being read.
                using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
                try
                {
                    for (var j = 0; j < 50; j++)
                    {
                        await client.GetStream().WriteAsync(many, limit.Token);
                    }
                }
                catch (OperationCanceledException)
                {
                    // As it should be.
                }
            }

            await AnswersAgainAsync();
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 64 * MebiByte);
        }
        finally
        {
            clients.ForEach(c => c.Dispose());
        }
    }

    [Theory]
    [InlineData("\0\0\0\0")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0")] // TLS where none is spoken
    [InlineData("GET\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n")]
    [InlineData("POST /jsonrpc HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")]
    [InlineData("GET /../../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /export_raw_vdi?vdi=%00%ff&session_id=%E2%82 HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("GET /pool/xmldbdump HTTP/1.1\r\nHost: a\r\nAuthorization: Basic ////\r\n\r\n")]
    public async Task What_is_no_HTTP_is_refused_and_hung_up_on(string text)
    {
        using var client = await ConnectAsync();
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
        client.Client.Shutdown(SocketShutdown.Send);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync(limit.Token);
        Assert.Matches("^(HTTP/1.1 [45][0-9][0-9] .*)?$", answer.Split('\n')[0].TrimEnd('\r'));
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(pool.Url.Host, pool.Url.Port, TestContext.Current.CancellationToken);
        return client;
    }

    // The server learns a moment later that connections have gone.
    private async Task AnswersAgainAsync()
    {
        for (var i = 0; ; i++)
        {
            try
            {
                Assert.NotEmpty((await pool.CallAsync("pool.get_all")).EnumerateArray());
                return;
            }
            catch (HttpRequestException) when (i < 100)
            {
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
    }
}
