using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// <c>VM.import</c>: VMs with their disks from an address that the daemon fetches itself, as another server's <c>/export</c> is. Whoever
/// asks has the daemon connect to what they name, so it goes to that address and no other: no redirect is followed, no proxy is asked,
/// nothing is told of an answer that holds no VMs, and what listens on this host alone or on the link is not reached.
/// </summary>
internal sealed partial class UrlImportCalls(PoolDaemon daemon)
{
    // Of an answer's head, and of each piece of what follows.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Message("VM.import")]
    public async Task<ImmutableList<Ref<VmRecord>>> ImportAsync(
        CallContext call, string url, Ref<SrRecord> sr, bool fullRestore, bool force)
    {
        if (call.Session.Foreign is not null)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "VMs are imported into this pool: use a session on it.");
        }

        if (!sr.IsNull)
        {
            call.State.Get(sr);
        }

        var address = Address(url);
        var how = new VmImport { Restore = fullRestore, Force = force, MayAdoptStorage = call.Session.Role >= Role.PoolOperator };
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectTimeout = Patience,
            ConnectCallback = ConnectAsync,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.Cancellation);
        limit.CancelAfter(Patience);
        try
        {
            using var request = Request(address);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            limit.CancelAfter(Timeout.InfiniteTimeSpan);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                throw new XenApiException("IMPORT_ERROR", $"{Shown(address)} answers {(int)answer.StatusCode} and not 200");
            }

            await using var content = new SteadyStream(await answer.Content.ReadAsStreamAsync(call.Cancellation), Patience);
            var outcome = await XvaCompression.ReadAsync(
                content, archive => daemon.VmTransfers.ImportAsync(call, archive, how, sr), call.Cancellation);
            return [.. outcome.Vms];
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException
            || (e is OperationCanceledException && !call.Cancellation.IsCancellationRequested))
        {
            for (var inner = e; inner is not null; inner = inner.InnerException)
            {
                if (inner is XenApiException refused)
                {
                    throw refused;
                }
            }

            throw new XenApiException(
                e, "IMPORT_ERROR",
                e is OperationCanceledException or TimeoutException
                    ? $"{Shown(address)} has sent nothing for {Patience.TotalSeconds:0} seconds"
                    : $"{Shown(address)} can't be read: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>Whether an address is one that this host reaches over a network, and not itself or something on its link.</summary>
    internal static bool IsOutside(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (plain.AddressFamily == AddressFamily.InterNetwork)
        {
            var first = plain.GetAddressBytes();
            return first[0] is not (0 or 127 or >= 224) && !(first[0] == 169 && first[1] == 254);
        }

        return !IPAddress.IsLoopback(plain) && !plain.Equals(IPAddress.IPv6Any)
            && plain is { IsIPv6LinkLocal: false, IsIPv6Multicast: false, IsIPv6SiteLocal: false };
    }

    private static Uri Address(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address.Host.Length > 0
            ? address
            : throw new XenApiException("INVALID_VALUE", "url", "not an address that begins with http:// or https://");

    // A password before the host is sent as curl sends it, and shown to nobody.
    private static HttpRequestMessage Request(Uri address)
    {
        var request = new HttpRequestMessage(
            HttpMethod.Get, new UriBuilder(address) { UserName = "", Password = "", Fragment = "" }.Uri);
        if (address.UserInfo.Length > 0)
        {
            var user = Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(address.UserInfo)));
            request.Headers.Authorization = new("Basic", user);
        }

        return request;
    }

    // What follows may hold a session or a password.
    private static string Shown(Uri address) => $"{address.Scheme}://{address.Authority}";

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // Looked up here and connected to, so that a name can't mean one address for the check and another for the connection.
        var host = context.DnsEndPoint.Host;
        var found = IPAddress.TryParse(host, out var plain) ? [plain] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var outside = found.Where(IsOutside).ToArray();
        if (outside.Length == 0)
        {
            throw new XenApiException(
                "INVALID_VALUE", "url", $"{host} is this host itself, or on its link; name an address on a network");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(outside, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A stream of which each piece comes within a limit.</summary>
    private sealed class SteadyStream(Stream content, TimeSpan limit) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            either.CancelAfter(limit);
            try
            {
                return await content.ReadAsync(buffer, either.Token);
            }
            catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException("Nothing more came in time.", late);
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            content.Dispose();
            base.Dispose(disposing);
        }
    }
}
