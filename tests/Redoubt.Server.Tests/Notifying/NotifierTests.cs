using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Redoubt.Pool;
using Redoubt.Server.Notifying;

namespace Redoubt.Server.Tests.Notifying;

/// <summary>What people outside get of a real daemon's messages, over real sockets.</summary>
public sealed class NotifierTests : IDisposable
{
    private const string Secret = "a secret of some length";

    private readonly string _root = Directory.CreateTempSubdirectory("redoubt-notify-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_message_is_posted_once_signed_in_order_and_from_when_the_target_was_set_up()
    {
        await using (var before = await StartAsync(new()))
        {
            await PostAsync(before, "before");
        }

        await using var hook = new Hook();
        await using (var server = await StartAsync(Webhook(hook)))
        {
            await PostAsync(server, "one");
            await PostAsync(server, "two");
            await server.Daemon.Services.PostAsync(new Announcement.SrNotMeasured("nobody", "only worth knowing"));
            await PostAsync(server, "three");
            await Patience.UntilAsync(() => hook.Texts.Count == 3, "three are there");
        }

        Assert.Equal(["one", "two", "three"], hook.Texts);
        var (headers, body) = hook.Received.First();
        Assert.Equal(
            WebhookTarget.Sign(Encoding.UTF8.GetBytes(Secret), headers["Redoubt-Timestamp"]!, Encoding.UTF8.GetBytes(body)),
            headers["Redoubt-Signature"]);
        using var notice = JsonDocument.Parse(body);
        Assert.Equal("DR_TEST_FAILED", notice.RootElement.GetProperty("name").GetString());
        Assert.Equal(notice.RootElement.GetProperty("id").GetString(), headers["Redoubt-Id"]);
    }

    [Fact]
    public async Task What_could_not_be_sent_is_sent_by_the_next_daemon_and_what_was_sent_is_not_sent_again()
    {
        await using var hook = new Hook();
        await using (var server = await StartAsync(Webhook(hook)))
        {
            await PostAsync(server, "one");
            await Patience.UntilAsync(() => hook.Texts.Count == 1, "one is there");
            hook.Refuses = true;
            await PostAsync(server, "two");
            await Patience.UntilAsync(() => hook.Refused > 0, "two is refused");
            await PostAsync(server, "three");
        }

        hook.Refuses = false;
        await using (var server = await StartAsync(Webhook(hook)))
        {
            await PostAsync(server, "four");
            await Patience.UntilAsync(() => hook.Texts.Count == 4, "all are there");
        }

        Assert.Equal(["one", "two", "three", "four"], hook.Texts);
    }

    [Fact]
    public async Task A_target_that_refuses_holds_up_no_other_and_gets_everything_when_it_takes_it_again()
    {
        await using var hook = new Hook { Refuses = true };
        await using var other = new Hook();
        await using var server = await StartAsync(Webhook(hook) with { Webhooks = [hook.Url, other.Url] });
        await PostAsync(server, "one");
        await Patience.UntilAsync(() => other.Texts.Count == 1 && hook.Refused > 0, "the other has it");
        hook.Refuses = false;
        await Patience.UntilAsync(() => hook.Texts.Count == 1, "it is tried again");
        Assert.Equal(["one"], other.Texts);
    }

    [Fact]
    public async Task A_target_that_does_not_answer_holds_up_no_other()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var other = new Hook();
        await using var server = await StartAsync(new());
        await using var notifier = Notifier.Start(
            server.Daemon.Services,
            Webhook(other) with { Webhooks = [$"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/hook", other.Url] });
        await PostAsync(server, "one");
        await Patience.UntilAsync(() => other.Texts.Count == 1, "the other has the first");
        await PostAsync(server, "two");
        await Patience.UntilAsync(() => other.Texts.Count == 2, "the other has the second");

        // The silent one is still waited for, and has not been given up first.
        Assert.Equal(2, notifier.States[0].Waiting);
        Assert.Null(notifier.States[0].Failure);
    }

    [Fact]
    public async Task Mail_is_sent_whole_and_no_name_becomes_a_header()
    {
        await using var mail = new MailServer();
        await using var server = await StartAsync(new()
        {
            MailServer = $"127.0.0.1:{mail.Port}",
            MailFrom = "redoubt@example.org",
            MailTo = ["ops@example.org"],
        });
        var services = server.Daemon.Services;
        await services.Database.WriteAsync(
            tx => tx.Update(services.Pool, p => p with { NameLabel = "pool\nBcc: all@example.org" }), Cancel);
        await PostAsync(server, "the test of the shop did not succeed");
        await Patience.UntilAsync(() => !mail.Mails.IsEmpty, "a mail is there");
        var text = mail.Mails.First();
        Assert.Contains("RCPT TO:<ops@example.org>", text, StringComparison.Ordinal);
        Assert.Contains("Message-ID: <", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("\nBcc:", text, StringComparison.Ordinal);
        Assert.Single(mail.Mails);
    }

    [Fact]
    public async Task Syslog_gets_a_line_and_a_test_says_of_each_target_whether_it_took_it()
    {
        using var syslog = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        await using var hook = new Hook { Refuses = true };
        var config = Webhook(hook) with { Syslogs = [$"127.0.0.1:{((IPEndPoint)syslog.Client.LocalEndPoint!).Port}", "/nowhere/at/all"] };
        var results = await config.TestAsync("primary", TimeProvider.System, Cancel);
        var line = Encoding.UTF8.GetString((await syslog.ReceiveAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Cancel)).Buffer);
        Assert.Matches(@"^<30>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S+ redoubt - NOTIFY_TEST - This is a test", line);
        Assert.Equal([false, true, false], results.Select(r => r.Failure is null));
        Assert.Contains("answered 503", results[0].Failure, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, string.Join('\n', results), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("VM_CRASHED", "VM_CRASHED")]
    [InlineData("of its own\n<0>1 - - - - - -", "of_its_own_<0>1_-_-_-_-_-_-")]
    [InlineData("ganz_schön_viel_länger_als_ein_Feld_sein_darf", "ganz_sch_n_viel_l_nger_als_ein_F")]
    [InlineData("", "-")]
    public void What_a_message_is_called_is_one_field_of_the_line(string name, string field)
    {
        var notice = new Notification("id", name, 3, "VM", "uuid", "a\ntext", DateTimeOffset.UnixEpoch, "primary", "pool");
        Assert.Equal($"<28>1 1970-01-01T00:00:00Z here redoubt - {field} - a text (VM uuid)", SyslogTarget.Line(notice, "here"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static Task PostAsync(PoolServer server, string text) =>
        server.Daemon.Services.PostAsync(new Announcement.TestFailed(server.Daemon.Services.PoolUuid, text));

    private NotifyConfig Webhook(Hook hook)
    {
        var file = Path.Combine(_root, "secret");
        File.WriteAllText(file, Secret + "\n");
        return new() { Webhooks = [hook.Url], WebhookSecretFile = file };
    }

    private Task<PoolServer> StartAsync(NotifyConfig notify) => PoolServer.StartAsync(
        new ServeConfig
        {
            DataDirectory = Path.Combine(_root, "data"),
            ListenUrls = ["http://127.0.0.1:0"],
            HypervisorUri = "test:///default",
            Notify = notify,
        },
        TimeProvider.System,
        Cancel);

    /// <summary>Somebody who takes requests.</summary>
    private sealed class Hook : IAsyncDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly Task _answering;
        private int _refused;

        public Hook()
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/hook/";
            }

            _listener.Prefixes.Add(Url);
            _listener.Start();
            _answering = Task.Run(AnswerAsync, CancellationToken.None);
        }

        public string Url { get; }

        public bool Refuses { get; set; }

        public int Refused => Volatile.Read(ref _refused);

        public ConcurrentQueue<(WebHeaderCollection Headers, string Body)> Received { get; } = new();

        public IReadOnlyList<string> Texts =>
            [.. Received.Select(r => JsonDocument.Parse(r.Body).RootElement.GetProperty("text").GetString()!)];

        public async ValueTask DisposeAsync()
        {
            _listener.Close();
            await _answering;
        }

        private async Task AnswerAsync()
        {
            while (true)
            {
                HttpListenerContext asked;
                try
                {
                    asked = await _listener.GetContextAsync();
                }
                catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var reader = new StreamReader(asked.Request.InputStream);
                var body = await reader.ReadToEndAsync(CancellationToken.None);
                if (Refuses)
                {
                    Interlocked.Increment(ref _refused);
                    asked.Response.StatusCode = 503;
                }
                else
                {
                    Received.Enqueue(((WebHeaderCollection)asked.Request.Headers, body));
                }

                asked.Response.Close();
            }
        }
    }

    /// <summary>Somebody who takes mail.</summary>
    private sealed class MailServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _answering;

        public MailServer()
        {
            _listener.Start();
            _answering = Task.Run(AnswerAsync, CancellationToken.None);
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public ConcurrentQueue<string> Mails { get; } = new();

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Stop();
            await _answering;
            _stop.Dispose();
        }

        private async Task AnswerAsync()
        {
            while (!_stop.IsCancellationRequested)
            {
                try
                {
                    using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    await TalkAsync(client);
                }
                catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
                {
                    // The next one, or the end.
                }
            }
        }

        private async Task TalkAsync(TcpClient client)
        {
            using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
            await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 mail");
            var (said, isData) = (new StringBuilder(), false);
            while (await reader.ReadLineAsync(_stop.Token) is { } line)
            {
                said.Append(line).Append('\n');
                if (isData)
                {
                    if (line == ".")
                    {
                        isData = false;
                        Mails.Enqueue(said.ToString());
                        await writer.WriteLineAsync("250 taken");
                    }

                    continue;
                }

                isData = line == "DATA";
                await writer.WriteLineAsync(isData ? "354 go on" : line == "QUIT" ? "221 bye" : "250 ok");
            }
        }
    }
}
