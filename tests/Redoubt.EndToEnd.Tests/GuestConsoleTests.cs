using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>
/// Where <c>console.location</c> leads to: the screen and the serial port of a real guest, as Xen Orchestra and XenCenter open them.
/// </summary>
public sealed class GuestConsoleTests : IAsyncLifetime
{
    private const string Password = "a password for root";

    private readonly string _root = Directory.CreateTempSubdirectory("rd-").FullName;
    private ServeRun _daemon = null!;
    private XenApiClient _api = null!;
    private Ref<VmRecord> _vm;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_root, "data");

    private Uri Plain => new(_daemon.Output.Split('\n').Single(l => l.Contains("http://", StringComparison.Ordinal)).Split(' ')[^1]);

    public async ValueTask InitializeAsync()
    {
        HypervisorCache.Share(Path.Combine(Data, "hypervisor"));
        await File.WriteAllTextAsync(Path.Combine(_root, "password"), Password, Stop);
        try
        {
            await StartDaemonAsync();
            _vm = await CreateVmAsync("echo");
            await _api.CallAsync("VM.start", [_vm, false, false], Stop);
            await AwakeAsync();
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_api?.DisposeAsync() ?? default);
        await (_daemon?.DisposeAsync() ?? default);
        foreach (var guest in Guests())
        {
            guest.Kill();
            await guest.WaitForExitAsync(CancellationToken.None);
            guest.Dispose();
        }

        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Both_consoles_are_served_over_TLS_and_plainly_by_CONNECT_and_by_WebSocket_to_several_at_once()
    {
        var (screen, text) = (await ConsoleAsync(ConsoleProtocol.Rfb), await ConsoleAsync(ConsoleProtocol.Vt100));
        foreach (var console in new[] { screen, text })
        {
            Assert.Equal($"{_daemon.Url!.AbsoluteUri}console?uuid={console.Uuid}", console.Location);
        }

        // As Xen Orchestra does it, as XenCenter does, and without TLS; all of them at once, each asking to be the only one.
        var cookie = $"Cookie: session_id={_api.Session.Opaque}";
        await using var xo = await ConnectAsync(screen.Location, "HTTP/1.0", cookie);
        await using var xenCenter = await ConnectAsync($"{screen.Location}&session_id={_api.Session.Opaque}", "HTTP/1.0");
        await using var plain = await ConnectAsync(
            new Uri(Plain, $"/console?ref={_vm.Opaque}").AbsoluteUri, "HTTP/1.1", Basic("root", Password));
        using var browser = await OpenWebSocketAsync(screen);
        await using var inBrowser = WebSocketStream.Create(browser, WebSocketMessageType.Binary);
        foreach (var isNew in new[] { true, false })
        {
            foreach (var viewer in new Stream[] { xo, xenCenter, plain, inBrowser })
            {
                Assert.True(await PictureAsync(viewer, isNew) is { Width: >= 320, Height: >= 200 });
            }
        }

        // What one types all see, and the log keeps.
        await using var first = await ConnectAsync(text.Location, "HTTP/1.0", cookie);
        await using var second = await ConnectAsync(text.Location, "HTTP/1.1", cookie, "Host: it");
        using var third = await OpenWebSocketAsync(text);
        await using var inPage = WebSocketStream.Create(third, WebSocketMessageType.Binary);
        await SayAsync(first, "typed by the first\r\n");
        await SayAsync(inPage, "and in a page\r\n");
        foreach (var viewer in new Stream[] { first, second, inPage })
        {
            await ReadToAsync(viewer, "typed by the first\r\n");
            await ReadToAsync(viewer, "and in a page\r\n");
        }

        await Patience.UntilAsync(
            async () => (await _api.CallAsync<string>("VM.get_console_log", [_vm, 0L], Stop))
                .Contains("and in a page", StringComparison.Ordinal),
            "the log has it too");

        // It is written down when it is opened, with the VM.
        var uuid = await _api.CallAsync<string>("VM.get_uuid", [_vm], Stop);
        var opened = (await File.ReadAllLinesAsync(Path.Combine(Data, "audit.log"), Stop))
            .Where(l => l.Contains("connect_console", StringComparison.Ordinal)).ToList();
        Assert.Equal(8, opened.Count); // One of them from the beginning, when it was waited for.
        Assert.All(opened, l => Assert.Contains(uuid, l, StringComparison.Ordinal));
        Assert.Equal(2, opened.Count(l => l.Contains("connect_console_ws", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_line_ends_with_its_session_with_its_guest_and_with_the_daemon_and_a_new_daemon_has_the_consoles_again()
    {
        var (screen, text) = (await ConsoleAsync(ConsoleProtocol.Rfb), await ConsoleAsync(ConsoleProtocol.Vt100));
        await using (var other = new XenApiClient(_daemon.Url!, _ => true))
        {
            await other.LoginAsync("root", Password, Stop);
            var cookie = $"Cookie: session_id={other.Session.Opaque}";
            await using var seen = await ConnectAsync(screen.Location, "HTTP/1.0", cookie);
            await PictureAsync(seen, isNew: true);
            await using var typed = await ConnectAsync(text.Location, "HTTP/1.0", cookie);
            await EchoAsync(typed, "before");
            using var paged = await OpenWebSocketAsync(text, other.Session.Opaque);
            await other.CallAsync("session.logout", [], Stop);
            await EndsAsync(seen);
            await EndsAsync(typed);
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                while ((await paged.ReceiveAsync(new byte[256].AsMemory(), Stop)).MessageType != WebSocketMessageType.Close)
                {
                }

                throw new IOException("closed");
            });
        }

        await using var atEnd = await ConnectAsync(screen.Location, "HTTP/1.0", Cookie);
        await PictureAsync(atEnd, isNew: true);
        await _daemon.StopAsync();
        await EndsAsync(atEnd);
        await _daemon.DisposeAsync();
        await StartDaemonAsync();
        var again = await ConsoleAsync(ConsoleProtocol.Vt100);
        Assert.Equal((text.Uuid, $"{_daemon.Url!.AbsoluteUri}console?uuid={text.Uuid}"), (again.Uuid, again.Location));
        Assert.NotEqual(text.Location, again.Location);
        await using (var typed = await ConnectAsync(again.Location, "HTTP/1.0", Cookie))
        {
            await EchoAsync(typed, "after");
        }

        await using var last = await ConnectAsync((await ConsoleAsync(ConsoleProtocol.Rfb)).Location, "HTTP/1.0", Cookie);
        await PictureAsync(last, isNew: true);
        await using var lastTyped = await ConnectAsync(again.Location, "HTTP/1.0", Cookie);
        await EchoAsync(lastTyped, "the last");
        await _api.CallAsync("VM.hard_shutdown", [_vm], Stop);
        await EndsAsync(last);
        await EndsAsync(lastTyped);
        Assert.Empty(await _api.CallAsync<ImmutableSortedSet<Ref<ConsoleRecord>>>("VM.get_consoles", [_vm], Stop));
        Assert.StartsWith("HTTP/1.1 404 ", await RefusalAsync(again.Location, Cookie), StringComparison.Ordinal);
        Assert.StartsWith(
            "HTTP/1.1 409 ", await RefusalAsync(new Uri(Plain, $"/console?ref={_vm.Opaque}").AbsoluteUri, Cookie),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_lines_that_come_and_go_leave_nothing_and_a_QEMU_that_hangs_holds_up_nobody()
    {
        var (screen, text) = (await ConsoleAsync(ConsoleProtocol.Rfb), await ConsoleAsync(ConsoleProtocol.Vt100));
        var qemu = Assert.Single(Guests());
        var (before, beforeThere) = (0, 0);
        await Patience.UntilAsync(
            () =>
            {
                var (now, nowThere) = (SocketsOf(_daemon.Process.Id), SocketsOf(qemu.Id));
                var isSettled = (now, nowThere) == (before, beforeThere);
                (before, beforeThere) = (now, nowThere);
                return isSettled;
            },
            "nothing changes any more");
        foreach (var location in new[] { screen.Location, text.Location })
        {
            await Task.WhenAll(Enumerable.Range(0, 25).Select(async i =>
            {
                var (viewer, socket, head) = await AskAsync(location, "HTTP/1.0", [Cookie]);
                Assert.StartsWith("HTTP/1.1 200 OK\r\n", head, StringComparison.Ordinal);
                if (i % 2 == 0)
                {
                    socket.LingerState = new LingerOption(true, 0); // Gone without a word.
                }

                await viewer.DisposeAsync();
            }));
        }

        await Patience.UntilAsync(
            () => SocketsOf(_daemon.Process.Id) <= before && SocketsOf(qemu.Id) <= beforeThere, "all of them are gone, here and there");
        await using var one = await ConnectAsync(text.Location, "HTTP/1.0", Cookie);
        await EchoAsync(one, "still there");

        // A QEMU that hangs: its viewers are told, everybody else is served.
        await Bench.SignalAsync(qemu, "STOP");
        try
        {
            Assert.Contains("does not answer", await RefusalAsync(screen.Location, Cookie), StringComparison.Ordinal);
            await using var waiting = await ConnectAsync(text.Location, "HTTP/1.0", Cookie);
            await SayAsync(waiting, "kept\r\n");
            await _api.CallAsync<ImmutableList<Ref<VmRecord>>>("VM.get_all", [], Stop);
            await Bench.SignalAsync(qemu, "CONT");
            await ReadToAsync(waiting, "kept\r\n");
        }
        finally
        {
            await Bench.SignalAsync(qemu, "CONT");
        }

        qemu.Dispose();
    }

    private string Cookie => $"Cookie: session_id={_api.Session.Opaque}";

    private static string Basic(string user, string password) =>
        $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";

    private async Task StartDaemonAsync()
    {
        _daemon = await ServeRun.StartOnAsync(
            null, Data, "--listen", "https://127.0.0.1:0", "--listen", "http://127.0.0.1:0",
            "--root-password-file", Path.Combine(_root, "password"));
        Assert.True(_daemon.Url is not null, _daemon.Error);
        await Patience.UntilAsync(() => _daemon.Output.Contains("http://", StringComparison.Ordinal), "it listens plainly too");
        _api = new XenApiClient(_daemon.Url, _ => true);
        await _api.LoginAsync("root", Password, Stop);
    }

    private async Task<Ref<VmRecord>> CreateVmAsync(string name)
    {
        var host = (await _api.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", [], Stop))[0];
        var config = ImmutableSortedDictionary<string, string>.Empty;
        var storage = Directory.CreateDirectory(Path.Combine(_root, "storage")).FullName;
        var sr = await _api.CallAsync<Ref<SrRecord>>(
            "SR.create", [host, config.Add("location", storage), 0L, "storage", "", "file", "", true, config], Stop);
        var disk = await _api.CallAsync<Ref<VdiRecord>>(
            "VDI.create", [new VdiRecord { NameLabel = "disk", Sr = sr, VirtualSize = 1 << 20 }], Stop);
        var uuid = await _api.CallAsync<string>("VDI.get_uuid", [disk], Stop);
        using (var http = new HttpClient())
        using (var content = new ByteArrayContent(Echo()))
        using (var written = await http.PutAsync(new Uri(Plain, $"/import_raw_vdi?vdi={uuid}&session_id={_api.Session.Opaque}"), content, Stop))
        {
            written.EnsureSuccessStatusCode();
        }

        var vm = await _api.CallAsync<Ref<VmRecord>>(
            "VM.create",
            [new VmRecord { NameLabel = name, VcpusMax = 1, VcpusAtStartup = 1, MemoryStaticMin = 32 << 20, MemoryDynamicMin = 64 << 20, MemoryDynamicMax = 64 << 20, MemoryStaticMax = 64 << 20, HvmBootPolicy = "BIOS order", HvmBootParams = config.Add("order", "c") }],
            Stop);
        await _api.CallAsync<Ref<VbdRecord>>(
            "VBD.create",
            [new VbdRecord { Vm = vm, Vdi = disk, Userdevice = "0", Mode = VbdMode.Rw, Type = VbdType.Disk, Bootable = true }], Stop);
        return vm;
    }

    /// <summary>A guest of one sector that sends back what comes over its serial port.</summary>
    private static byte[] Echo()
    {
        byte[] code =
        [
            0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xf8, // next: mov dx,3fdh; in al,dx; test al,1; jz next
            0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1, //       mov dx,3f8h; in al,dx; out dx,al; jmp next
        ];
        var image = new byte[1 << 20];
        code.CopyTo(image, 0);
        (image[510], image[511]) = (0x55, 0xaa);
        return image;
    }

    private async Task<ConsoleRecord> ConsoleAsync(ConsoleProtocol protocol)
    {
        foreach (var console in await _api.CallAsync<ImmutableSortedSet<Ref<ConsoleRecord>>>("VM.get_consoles", [_vm], Stop))
        {
            if (await _api.CallAsync<ConsoleRecord>("console.get_record", [console], Stop) is var record && record.Protocol == protocol)
            {
                return record;
            }
        }

        throw new InvalidOperationException($"no console speaks {protocol}");
    }

    private async Task<Stream> ConnectAsync(string location, string version, params string[] headers)
    {
        var (line, _, head) = await AskAsync(location, version, headers);
        Assert.Equal("HTTP/1.1 200 OK", head.Split("\r\n")[0]);
        return line;
    }

    private async Task<string> RefusalAsync(string location, params string[] headers)
    {
        var (line, _, head) = await AskAsync(location, "HTTP/1.0", headers);
        await using (line)
        {
            using var rest = new StreamReader(line);
            return head + await rest.ReadToEndAsync(Stop);
        }
    }

    private async Task<(Stream Line, Socket Socket, string Head)> AskAsync(string location, string version, string[] headers)
    {
        var url = new Uri(location);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.Host, url.Port, Stop);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (url.Scheme == "https")
        {
            var secure = new SslStream(stream);
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = url.Host, RemoteCertificateValidationCallback = IsTheDaemons }, Stop);
            stream = secure;
        }

        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"CONNECT {url.PathAndQuery} {version}\r\n{string.Concat(headers.Select(h => h + "\r\n"))}\r\n"), Stop);
        var head = new List<byte>();
        while (!(head.Count >= 4 && head[^4] == '\r' && head[^3] == '\n' && head[^2] == '\r' && head[^1] == '\n'))
        {
            var next = new byte[1];
            await stream.ReadExactlyAsync(next, Stop);
            head.Add(next[0]);
        }

        return (stream, socket, Encoding.ASCII.GetString([.. head]));
    }

    private bool IsTheDaemons(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        Directory.GetFiles(Path.Combine(Data, "tls"), "*.crt")
        .Any(f => X509CertificateLoader.LoadCertificateFromFile(f).GetCertHashString() == certificate?.GetCertHashString());

    private async Task<ClientWebSocket> OpenWebSocketAsync(ConsoleRecord console, string? session = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("binary");
        socket.Options.RemoteCertificateValidationCallback = IsTheDaemons;
        socket.Options.Cookies = new();
        socket.Options.Cookies.Add(new Uri(console.Location), new Cookie("session_id", session ?? _api.Session.Opaque));
        await socket.ConnectAsync(new UriBuilder(console.Location) { Scheme = "wss" }.Uri, Stop);
        Assert.Equal("binary", socket.SubProtocol);
        return socket;
    }

    /// <summary>Speaks RFB 3.8 as far as the first picture, and gives its size.</summary>
    private static async Task<(int Width, int Height)> PictureAsync(Stream screen, bool isNew)
    {
        if (isNew)
        {
            Assert.Equal("RFB 003.008\n", Encoding.ASCII.GetString(await ReadAsync(screen, 12)));
            await SayAsync(screen, "RFB 003.008\n");
            var kinds = await ReadAsync(screen, (await ReadAsync(screen, 1))[0]);
            Assert.Contains((byte)1, kinds); // No password: who may is known already.
            await screen.WriteAsync(new byte[] { 1 }, Stop);
            Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(await ReadAsync(screen, 4)));
            await screen.WriteAsync(new byte[] { 0 }, Stop); // To be the only one.
            var init = await ReadAsync(screen, 24);
            await ReadAsync(screen, BinaryPrimitives.ReadInt32BigEndian(init.AsSpan(20)));
        }

        // All of it, as it is now: raw, as is the rule where nothing else was agreed on.
        await screen.WriteAsync(new byte[] { 3, 0, 0, 0, 0, 0, 1, 64, 0, 200 }, Stop);
        var head = await ReadAsync(screen, 4);
        Assert.Equal(0, head[0]);
        var (width, height) = (0, 0);
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(2)); left > 0; left--)
        {
            var rectangle = await ReadAsync(screen, 12);
            Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(rectangle.AsSpan(8)));
            var (x, y, w, h) = (At(0), At(2), At(4), At(6));
            (width, height) = (Math.Max(width, x + w), Math.Max(height, y + h));
            await ReadAsync(screen, w * h * 4);
            int At(int offset) => BinaryPrimitives.ReadUInt16BigEndian(rectangle.AsSpan(offset));
        }

        return (width, height);
    }

    /// <summary>Types until something comes back: what is typed while the guest boots is lost.</summary>
    private async Task AwakeAsync()
    {
        await using var line = await ConnectAsync((await ConsoleAsync(ConsoleProtocol.Vt100)).Location, "HTTP/1.0", Cookie);
        var heard = ReadAsync(line, 1);
        await Patience.UntilAsync(
            async () =>
            {
                await SayAsync(line, "?");
                return heard.IsCompleted;
            },
            "the guest answers");
        await heard;
    }

    private static async Task EchoAsync(Stream line, string word)
    {
        await SayAsync(line, word + "\r\n");
        await ReadToAsync(line, word + "\r\n");
    }

    private static Task SayAsync(Stream line, string text) => line.WriteAsync(Encoding.ASCII.GetBytes(text), Stop).AsTask();

    private static async Task ReadToAsync(Stream line, string end)
    {
        var seen = new StringBuilder();
        while (!seen.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            seen.Append((char)(await ReadAsync(line, 1))[0]);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream line, int length)
    {
        var bytes = new byte[length];
        await line.ReadExactlyAsync(bytes, Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(2), Stop);
        return bytes;
    }

    private static async Task EndsAsync(Stream line)
    {
        try
        {
            while (await line.ReadAsync(new byte[4096], Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Stop) > 0)
            {
            }
        }
        catch (IOException)
        {
            // That is an end too.
        }
    }

    private static int SocketsOf(int process) => Directory.EnumerateFileSystemEntries($"/proc/{process}/fd")
        .Count(f => new FileInfo(f).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);

    private List<Process> Guests() => GuestProcesses.Below(Data);
}
