using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>VMs that the daemon fetches from an address: what it takes, and where it does not go.</summary>
public sealed class UrlImportTests
{
    private readonly Shell _shell = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_VM_comes_from_an_address_whole_or_not_at_all_and_nothing_on_loopback_is_reached()
    {
        var outside = NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address).FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a)
                && !a.ToString().StartsWith("169.254.", StringComparison.Ordinal));
        Assert.SkipWhen(outside is null, "This machine has no address on a network.");
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        var sr = await site.Api.Sr.GetUuidAsync(await DemoGuests.BuildAsync(site, guest), Stop);
        var file = Path.Combine(bench.Directory, "alone.xva");
        await _shell.RunAsync(site, $"vm-export vm=alone filename={file} compress=zstd");
        var content = await File.ReadAllBytesAsync(file, Stop);
        var before = await LeftAsync(site);

        await using (var server = new OneAnswer(outside!, "200 OK", content, content.Length))
        {
            var made = await _shell.RunAsync(site, $"vm-import url=http://me:pass%20word@{server.Address}/a.xva?x=1 sr-uuid={sr}");
            Assert.Contains("GET /a.xva?x=1 HTTP/1.1", server.Asked, StringComparison.Ordinal);
            Assert.Contains(
                $"Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes("me:pass word"))}", server.Asked,
                StringComparison.Ordinal);
            Assert.NotEqual(guest.Uuid, made);
            await _shell.RunAsync(site, $"vm-start uuid={made}");
            await DemoGuests.CountsPastAsync(site, new DemoGuest("alone", 0, 0, false) { Uuid = made }, 1);
            await _shell.RunAsync(site, $"vm-uninstall uuid={made} --force");
        }

        // Broken off in the middle.
        await using (var server = new OneAnswer(outside!, "200 OK", content[..(content.Length / 2)], content.Length))
        {
            var told = await _shell.FailAsync(site, $"vm-import url=http://{server.Address}/a sr-uuid={sr}");
            Assert.Contains("IMPORT_ERROR", told, StringComparison.Ordinal);
        }

        // No VMs, and nothing of what it is instead is told.
        await using (var server = new OneAnswer(outside!, "200 OK", "the secret of another service"u8.ToArray(), 29))
        {
            var told = await _shell.FailAsync(site, $"vm-import url=http://{server.Address}/a sr-uuid={sr}");
            Assert.DoesNotContain("secret", told, StringComparison.Ordinal);
        }

        // Neither there nor anywhere else that it says.
        await using (var hidden = new OneAnswer(IPAddress.Loopback, "200 OK", content, content.Length))
        {
            await using var server = new OneAnswer(outside!, $"302 Found\r\nLocation: http://{hidden.Address}/a", [], 0);
            Assert.Contains(
                "302", await _shell.FailAsync(site, $"vm-import url=http://{server.Address}/a sr-uuid={sr}"), StringComparison.Ordinal);
            foreach (var host in new[] { "127.0.0.1", "127.1.2.3", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0" })
            {
                await RequireRefusedAsync(site, $"http://{host}:{hidden.Port}/a", sr);
            }

            Assert.Equal(0, hidden.Connections);
            Assert.Equal(1, server.Connections);
        }

        if (Socket.OSSupportsIPv6)
        {
            await using var hidden = new OneAnswer(IPAddress.IPv6Loopback, "200 OK", content, content.Length);
            foreach (var host in new[] { "[::1]", "[::]" })
            {
                await RequireRefusedAsync(site, $"http://{host}:{hidden.Port}/a", sr);
            }

            Assert.Equal(0, hidden.Connections);
        }

        foreach (var wrong in new[]
        {
            $"file://{file}", "ftp://192.0.2.1/a", "a.xva", "http://169.254.169.254/latest", "http://0.0.0.0/", "http://[fe80::1]/",
        })
        {
            Assert.Contains("INVALID_VALUE", await _shell.FailAsync(site, $"vm-import url={wrong}"), StringComparison.Ordinal);
        }

        Assert.Equal(before, await LeftAsync(site));
    }

    private async Task RequireRefusedAsync(DemoSite site, string url, string sr) =>
        Assert.Contains("INVALID_VALUE", await _shell.FailAsync(site, $"vm-import url={url} sr-uuid={sr}"), StringComparison.Ordinal);

    private static async Task<(int Files, int Disks, int Vms)> LeftAsync(DemoSite site) => (
        DemoGuests.DisksIn(site.Storage).Count, (await site.Api.GetAllRecordsAsync<VdiRecord>(Stop)).Count,
        (await site.Api.GetAllRecordsAsync<VmRecord>(Stop)).Count);

    /// <summary>A server that gives whoever asks the same answer.</summary>
    private sealed class OneAnswer : IAsyncDisposable
    {
        private readonly TcpListener _listener;
        private readonly Task _serving;
        private int _connections;

        public OneAnswer(IPAddress at, string status, byte[] content, int length)
        {
            _listener = new TcpListener(at, 0);
            _listener.Start();
            _serving = ServeAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n"), content);
        }

        public string Asked { get; private set; } = "";

        /// <summary>How many have come, whether they asked anything or not.</summary>
        public int Connections => Volatile.Read(ref _connections);

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public string Address => $"{_listener.LocalEndpoint}";

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            try
            {
                await _serving;
            }
            catch (SocketException ended) when (ended.SocketErrorCode == SocketError.OperationAborted)
            {
                // It listens no longer.
            }
        }

        private async Task ServeAsync(byte[] head, byte[] content)
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(Stop);
                Interlocked.Increment(ref _connections);
                var stream = client.GetStream();
                var buffer = new byte[4096];
                var asked = "";
                while (!asked.Contains("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer, Stop) is var read and > 0)
                {
                    asked += Encoding.ASCII.GetString(buffer, 0, read);
                }

                Asked += asked;
                try
                {
                    await stream.WriteAsync(head, Stop);
                    await stream.WriteAsync(content, Stop);
                }
                catch (IOException)
                {
                    // Whoever asked has heard enough.
                }
            }
        }
    }
}
