using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Redoubt.Server.Tests;

/// <summary>
/// Who is let to a console, and how those are refused who are not. That a guest's screen comes is for the end-to-end tests.
/// </summary>
public sealed class ConsoleTests : IAsyncLifetime
{
    private readonly TestPool _pool = new();
    private string _vm = "";
    private string _uuid = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _pool.InitializeAsync();
        (_vm, _uuid) = await StartVmAsync("a VM");
    }

    public ValueTask DisposeAsync() => _pool.DisposeAsync();

    [Fact]
    public async Task The_consoles_of_a_running_VM_say_where_they_are_and_go_with_it()
    {
        var consoles = await ConsolesAsync();
        Assert.Equal(["rfb", "vt100"], consoles.Select(c => c.Protocol).Order());
        Assert.All(consoles, c => Assert.Equal($"{_pool.Url}console?uuid={c.Uuid}", c.Location));
        await _pool.CallAsync("VM.pause", _vm);
        Assert.Equal(consoles, await ConsolesAsync());
        await _pool.CallAsync("VM.unpause", _vm);
        await _pool.CallAsync("VM.hard_shutdown", _vm);
        Assert.Empty(await ConsolesAsync());
        Assert.Equal(0, (await _pool.CallAsync("console.get_all")).GetArrayLength());
    }

    [Fact]
    public async Task Whoever_may_not_or_asks_for_what_is_not_there_is_refused_in_words_of_HTTP()
    {
        var console = $"/console?uuid={(await ConsolesAsync()).First(c => c.Protocol == "rfb").Uuid}";
        var root = Basic("root", TestPool.Password);
        Assert.StartsWith("HTTP/1.1 401 ", await AskAsync($"CONNECT {console}"), StringComparison.Ordinal);
        Assert.StartsWith(
            "HTTP/1.1 401 ", await AskAsync($"CONNECT {console}", "Cookie: session_id=OpaqueRef:none"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 401 ", await AskAsync($"CONNECT {console}&session_id=OpaqueRef:none"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 401 ", await AskAsync($"CONNECT {console}", Basic("root", "wrong")), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync("CONNECT /console?uuid=none", root), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync("CONNECT /console?ref=OpaqueRef:none", root), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync("CONNECT /console?uuid=../../etc/passwd", root), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await AskAsync("CONNECT /console", root), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 403 ", await AskAsync("CONNECT /consoles?uuid=x", root), StringComparison.Ordinal);
        Assert.StartsWith(
            "HTTP/1.1 403 ", await AskAsync("CONNECT example.org:443", root, "Host: example.org:443"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await AskAsync($"GET {console}", root), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await AskAsync($"CONNECT {console}", root, "no header"), StringComparison.Ordinal);
        Assert.StartsWith(
            "HTTP/1.1 400 ", await AskAsync($"CONNECT {console}", root, "long: " + new string('x', 20_000)), StringComparison.Ordinal);

        // What the record of the guest says is there, and this host has not: it is pretended.
        var refusal = await AskAsync($"CONNECT {console}", root);
        Assert.StartsWith("HTTP/1.1 409 ", refusal, StringComparison.Ordinal);
        Assert.Contains("The screen of the VM a VM can't be reached on this host", refusal, StringComparison.Ordinal);

        await _pool.CallAsync("VM.hard_shutdown", _vm);
        Assert.StartsWith("HTTP/1.1 404 ", await AskAsync($"CONNECT {console}", root), StringComparison.Ordinal);
        Assert.Contains("VM_BAD_POWER_STATE", await AskAsync($"CONNECT /console?uuid={_uuid}", root), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 409 ", await AskAsync($"CONNECT /console?ref={_vm}", root), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_takes_the_role_of_a_VM_operator_on_the_pool_itself()
    {
        using var screen = Listen("vnc");
        foreach (var (role, status) in new[] { ("read-only", "403"), ("vm-operator", "200"), ("vm-admin", "200"), ("pool-admin", "200") })
        {
            await _pool.CreateUserAsync(role, role);
            var (answer, audited) = (await OpenAsync($"/console?uuid={_uuid}", Basic(role, UserScene.Secret)), (await _pool.AuditAsync())[^1]);
            Assert.StartsWith($"HTTP/1.1 {status} ", answer.Head, StringComparison.Ordinal);
            answer.Line.Dispose();
            Assert.Equal(
                ("connect_console", role, status == "200" ? "ok" : "RBAC_PERMISSION_DENIED", _uuid),
                (audited.GetProperty("call").GetString(), audited.GetProperty("user").GetString(), audited.GetProperty("result")
                    .GetString(), audited.GetProperty("objects")[0].GetProperty("uuid").GetString()));
        }

        var foreign = await _pool.OpenForeignAsync();
        Assert.StartsWith("HTTP/1.1 403 ", await AskAsync($"CONNECT /console?uuid={_uuid}&session_id={foreign}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_ends_with_the_role_of_its_viewer_and_with_a_session_that_nobody_has_used()
    {
        using var screen = Listen("vnc");
        var subject = await _pool.CreateUserAsync("vm-operator", "vm-operator");
        using var operated = (await OpenAsync($"/console?uuid={_uuid}", Basic("vm-operator", UserScene.Secret))).Line;
        await _pool.CallAsync("subject.remove_from_roles", subject, await _pool.RoleAsync("vm-operator"));
        await EndsAsync(operated);

        // Looking alone keeps no session, typing does.
        var (idle, used) = (await _pool.LoginAsync(), await _pool.LoginAsync());
        using var watched = (await OpenAsync($"/console?uuid={_uuid}&session_id={idle}")).Line;
        using var typed = (await OpenAsync($"/console?uuid={_uuid}&session_id={used}")).Line;
        await Patience.UntilAsync(
            async () =>
            {
                await typed.SendAsync("x"u8.ToArray(), Cancel);
                _pool.Clock.Advance(TimeSpan.FromHours(1));
                await _pool.ResultAsync("session.logout", await _pool.LoginAsync());
                return await IsOverAsync(watched);
            },
            "the one that only looked is cut off");
        await typed.SendAsync("x"u8.ToArray(), Cancel);
        Assert.False(await IsOverAsync(typed));
    }

    [Fact]
    public async Task A_page_from_elsewhere_opens_none_with_what_a_browser_knows_of_us_but_with_a_session_of_its_own()
    {
        using var screen = Listen("vnc");
        var url = new UriBuilder(new Uri(_pool.Url, $"/console?uuid={_uuid}")) { Scheme = "ws" }.Uri;
        foreach (var (address, origin, cookie, expected) in new[]
        {
            (url, "https://evil.example", true, HttpStatusCode.Forbidden),
            (url, _pool.Url.GetLeftPart(UriPartial.Authority), true, HttpStatusCode.SwitchingProtocols),
            (url, null, true, HttpStatusCode.SwitchingProtocols),
            (new Uri($"{url}&session_id={_pool.Session}"), "https://lite.example", false, HttpStatusCode.SwitchingProtocols),
            (url, null, false, HttpStatusCode.Unauthorized),
        })
        {
            using var socket = new ClientWebSocket();
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.AddSubProtocol("binary");
            if (origin is not null)
            {
                socket.Options.SetRequestHeader("Origin", origin);
            }

            if (cookie)
            {
                socket.Options.SetRequestHeader("Cookie", $"session_id={_pool.Session}");
            }

            if (expected != HttpStatusCode.SwitchingProtocols)
            {
                await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(address, Cancel));
            }
            else
            {
                await socket.ConnectAsync(address, Cancel);
            }

            Assert.Equal(expected, socket.HttpStatusCode);
        }

        using var old = new ClientWebSocket();
        old.Options.CollectHttpResponseDetails = true;
        old.Options.AddSubProtocol("base64");
        await Assert.ThrowsAsync<WebSocketException>(() => old.ConnectAsync(new Uri($"{url}&session_id={_pool.Session}"), Cancel));
        Assert.Equal(HttpStatusCode.BadRequest, old.HttpStatusCode);
    }

    [Fact]
    public async Task What_does_not_answer_is_not_opened_and_no_more_look_than_a_screen_is_for()
    {
        using (Listen("vnc", speaks: false))
        {
            Assert.Contains(
                "does not answer", await AskAsync($"CONNECT /console?uuid={_uuid}", Basic("root", TestPool.Password)),
                StringComparison.Ordinal);
        }

        using var screen = Listen("vnc");
        var lines = new List<Socket>();
        try
        {
            for (var i = 0; i < Viewing.ConsoleViewers.MostOfConsole; i++)
            {
                var (line, head) = await OpenAsync($"/console?uuid={_uuid}&session_id={_pool.Session}");
                lines.Add(line);
                Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
            }

            Assert.Contains(
                "64 viewers look at this console", await AskAsync($"CONNECT /console?uuid={_uuid}&session_id={_pool.Session}"),
                StringComparison.Ordinal);
            lines[0].Dispose();
            await Patience.UntilAsync(
                async () =>
                {
                    var (line, head) = await OpenAsync($"/console?uuid={_uuid}&session_id={_pool.Session}");
                    lines.Add(line);
                    return head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
                },
                "there is room for another");
        }
        finally
        {
            lines.ForEach(l => l.Dispose());
        }
    }

    [Fact]
    public async Task A_viewer_that_does_not_read_loses_its_line_and_holds_up_neither_the_guest_nor_the_others()
    {
        var accepted = new List<Socket>();
        using var port = Listen("tty", speaks: false, accepted);
        var text = (await ConsolesAsync()).First(c => c.Protocol == "vt100");
        using var deaf = (await OpenAsync($"/console?uuid={text.Uuid}&session_id={_pool.Session}")).Line;
        using var reading = (await OpenAsync($"/console?uuid={text.Uuid}&session_id={_pool.Session}")).Line;
        await Patience.UntilAsync(() => accepted.Count == 1, "the port is read");

        // More than sockets and pipes between them hold.
        var chunk = new byte[1 << 16];
        for (var sent = 0; sent < 32 << 20; sent += chunk.Length)
        {
            await accepted[0].SendAsync(chunk, Cancel);
            for (var got = 0; got < chunk.Length;)
            {
                var length = await reading.ReceiveAsync(chunk.AsMemory(got), Cancel);
                Assert.True(length > 0);
                got += length;
            }
        }

        // It gets what was kept for it, and then the end; whoever reads goes on.
        await EndsAsync(deaf);
        await Patience.UntilAsync(() => _pool.Server.Viewers.Count == 1, "only one looks");
        await reading.SendAsync("typed"u8.ToArray(), Cancel);
        Assert.Equal(5, await accepted[0].ReceiveAsync(chunk, Cancel));
    }

    private async Task<(string Ref, string Uuid)> StartVmAsync(string name)
    {
        const long Memory = 1 << 26;
        var vm = (await _pool.CallAsync("VM.create", new { name_label = name, VCPUs_max = 1, VCPUs_at_startup = 1, memory_static_min = Memory, memory_dynamic_min = Memory, memory_dynamic_max = Memory, memory_static_max = Memory })).GetString()!;
        await _pool.CallAsync("VM.start", vm, false, true);
        return (vm, (await _pool.CallAsync("VM.get_uuid", vm)).GetString()!);
    }

    private async Task<List<(string Uuid, string Protocol, string Location)>> ConsolesAsync()
    {
        var found = new List<(string, string, string)>();
        foreach (var console in (await _pool.CallAsync("VM.get_consoles", _vm)).EnumerateArray())
        {
            var record = await _pool.CallAsync("console.get_record", console.GetString());
            found.Add((Text("uuid"), Text("protocol"), Text("location")));
            string Text(string field) => record.GetProperty(field).GetString()!;
        }

        return found;
    }

    /// <summary>A listener where QEMU's would be, which greets as QEMU does.</summary>
    private Socket Listen(string folder, bool speaks = true, List<Socket>? taken = null)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(_pool.DataDirectory, folder)).FullName, $"{_uuid}.sock");
        File.Delete(path);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(200);
        _ = Task.Run(async () =>
        {
            var accepted = taken ?? [];
            try
            {
                while (true)
                {
                    accepted.Add(await listener.AcceptAsync());
                    if (speaks)
                    {
                        await accepted[^1].SendAsync("RFB 003.008\n"u8.ToArray());
                    }
                }
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                accepted.ForEach(a => a.Dispose());
            }
        });
        return listener;
    }

    private static string Basic(string user, string password) =>
        $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";

    private async Task<(Socket Line, string Head)> OpenAsync(string target, params string[] headers)
    {
        var socket = await SendAsync($"CONNECT {target}", headers);
        var head = new StringBuilder();
        var next = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await socket.ReceiveAsync(next, Cancel) > 0)
        {
            head.Append((char)next[0]);
        }

        return (socket, head.ToString());
    }

    private async Task<string> AskAsync(string request, params string[] headers)
    {
        using var stream = new NetworkStream(await SendAsync(request, headers), ownsSocket: true);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Cancel);
    }

    private async Task<Socket> SendAsync(string request, string[] headers)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_pool.Url.Host, _pool.Url.Port, Cancel);
        await socket.SendAsync(
            Encoding.ASCII.GetBytes($"{request} HTTP/1.0\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n"), Cancel);
        return socket;
    }

    private static async Task EndsAsync(Socket line) => await Patience.UntilAsync(() => IsOverAsync(line), "the line ends");

    private static async Task<bool> IsOverAsync(Socket line)
    {
        var bytes = new byte[64];
        while (line.Poll(TimeSpan.Zero, SelectMode.SelectRead))
        {
            try
            {
                if (await line.ReceiveAsync(bytes, Cancel) == 0)
                {
                    return true;
                }
            }
            catch (SocketException)
            {
                return true;
            }
        }

        return false;
    }
}
