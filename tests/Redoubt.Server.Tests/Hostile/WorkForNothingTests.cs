using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Redoubt.Server.Http;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>Nobody has the server work for them before they have logged in, and nobody keeps others out.</summary>
public sealed class WorkForNothingTests(TestPool pool) : IClassFixture<TestPool>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/jsonrpc", "{\"method\":\"VM.get_all\",\"params\":[", "0,", "0]}")]
    [InlineData("/jsonrpc", "", "[],", "[]")]
    [InlineData(
        "/", "<methodCall><methodName>VM.get_all</methodName><params><param><value><array><data>", "<value/>",
        "</data></array></value></param></params></methodCall>")]
    [InlineData("/RPC2", "", "<value>", "")]
    public async Task A_long_body_from_nobody_is_neither_kept_nor_parsed(string path, string begin, string again, string end)
    {
        var body = begin + string.Concat(Enumerable.Repeat(again, (14 << 20) / again.Length)) + end;
        var (made, worked) = (GC.GetTotalAllocatedBytes(), Process.GetCurrentProcess().TotalProcessorTime);
        using var response = await pool.SendAsync(path, body);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Contains("SESSION_INVALID", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);

        // The client's own copies of it are among this.
        Assert.InRange(GC.GetTotalAllocatedBytes() - made, 0, 64L << 20);
        Assert.InRange(Process.GetCurrentProcess().TotalProcessorTime - worked, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task What_only_looks_like_a_session_opens_no_longer_body()
    {
        var refs = string.Concat(Enumerable.Repeat($"\"OpaqueRef:{Guid.NewGuid()}\",", 200));
        using var response = await pool.SendAsync(
            "/jsonrpc", $"{{\"method\":\"VM.get_all\",\"params\":[{refs}\"{new string('x', RequestBody.MaxBytesOfStrangers)}\"]}}");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    [Fact]
    public async Task A_session_may_send_much_but_not_a_million_values()
    {
        var text = new string('x', 8 << 20);
        await pool.CallAsync("pool.set_name_description", (await pool.CallAsync("pool.get_all"))[0].GetString(), text);
        Assert.Equal(
            text, (await pool.CallAsync("pool.get_name_description", (await pool.CallAsync("pool.get_all"))[0].GetString())).GetString());
        foreach (var (path, begin, again, end) in new[]
        {
            ("/jsonrpc", $"{{\"method\":\"VM.get_all\",\"params\":[\"{pool.Session}\",", "0,", "0]}"),
            ("/", $"<methodCall><methodName>VM.get_all</methodName><params><param><value>{pool.Session}</value></param><param><value><array><data>", "<value/>", "</data></array></value></param></params></methodCall>"),
        })
        {
            using var response = await pool.SendAsync(path, begin + string.Concat(Enumerable.Repeat(again, 1_000_000)) + end);
            Assert.Contains("more than 250000 values", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_condition_costs_no_more_than_its_budget_and_a_long_one_on_few_records_is_answered()
    {
        var terms = string.Join(" or ", Enumerable.Repeat("field \"uuid\" = \"x\"", 200_000));
        Assert.Empty((await pool.CallAsync("host.get_all_records_where", terms)).EnumerateObject());
        var failure = await pool.FailureAsync("role.get_all_records_where", terms);
        Assert.Equal("OPERATION_NOT_ALLOWED", failure[0]);
        Assert.Contains("Ask in parts", failure[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_passwords_from_one_address_hold_up_nobody_elsewhere()
    {
        using var over = new CancellationTokenSource();
        var guesses = Enumerable.Range(0, 200).Select(i => GuessAsync($"user{i}", over.Token)).ToList();
        try
        {
            await Task.WhenAny(guesses);
            var asked = Stopwatch.StartNew();
            using var elsewhere = From("127.0.0.3");
            Assert.Contains("OpaqueRef", await LoginAsync(elsewhere, "root", TestPool.Password, Cancel), StringComparison.Ordinal);

            // Behind a hundred of them it took the better part of a minute.
            Assert.InRange(asked.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(15));
            Assert.Contains(guesses, g => !g.IsCompleted);
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(guesses);
        }
    }

    [Fact]
    public async Task Idle_connections_keep_nobody_out()
    {
        var idle = new List<TcpClient>();
        try
        {
            using var before = From("127.0.0.4");
            Assert.Contains("OpaqueRef", await LoginAsync(before, "root", TestPool.Password, Cancel), StringComparison.Ordinal);
            for (var i = 0; i < 2_500; i++)
            {
                var client = new TcpClient(new IPEndPoint(IPAddress.Parse(i % 2 == 0 ? "127.0.0.4" : $"127.0.1.{i % 200}"), 0));
                idle.Add(client);
                await client.ConnectAsync(pool.Url.Host, pool.Url.Port, Cancel);
                await client.GetStream().WriteAsync("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), Cancel);
            }

            // From anywhere, and from where they come from as well.
            foreach (var address in new[] { "127.0.0.1", "127.0.0.4", "127.0.1.7" })
            {
                using var http = From(address);
                Assert.Contains("OpaqueRef", await LoginAsync(http, "root", TestPool.Password, Cancel), StringComparison.Ordinal);
            }

            // Whoever is logged in keeps the connection, however many strangers come.
            Assert.Contains("OpaqueRef", await LoginAsync(before, "root", TestPool.Password, Cancel), StringComparison.Ordinal);
        }
        finally
        {
            idle.ForEach(c => c.Dispose());
        }
    }

    [Fact]
    public async Task The_line_of_the_console_opens_for_nobody_who_is_not_signed_in()
    {
        foreach (var path in new[] { "/console/_blazor/negotiate?negotiateVersion=1", "/console/_blazor", "/console/_blazor/disconnect" })
        {
            using var response = await pool.SendAsync(path, "");
            Assert.Contains(
                response.StatusCode,
                new[] { HttpStatusCode.Unauthorized, HttpStatusCode.NotFound, HttpStatusCode.BadRequest, HttpStatusCode.Forbidden });
            Assert.DoesNotContain("connectionToken", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    private async Task GuessAsync(string user, CancellationToken over)
    {
        try
        {
            using var http = From("127.0.0.2");
            await LoginAsync(http, user, "wrong", over);
        }
        catch (Exception gone) when (gone is OperationCanceledException or HttpRequestException)
        {
            // Enough guessed.
        }
    }

    private static HttpClient From(string address) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (context, cancel) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { Timeout = TimeSpan.FromMinutes(2) };

    private async Task<string> LoginAsync(HttpClient http, string user, string password, CancellationToken cancel)
    {
        using var content = new StringContent(
            JsonSerializer.Serialize(
                new
                {
                    jsonrpc = "2.0",
                    method = "session.login_with_password",
                    @params = new[] { user, password, "1.0", "tests" },
                    id = 1,
                }),
            Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(pool.Url, "/jsonrpc"), content, cancel);
        return await response.Content.ReadAsStringAsync(cancel);
    }
}
