using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Redoubt.Pool;
using Redoubt.Server.Listening;
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
        using var request = Request(address);
        using var answer = await AnswerAsync(client, request, Shown(address), call.Cancellation);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new XenApiException("IMPORT_ERROR", $"{Shown(address)} answers {(int)answer.StatusCode} and not 200");
        }

        await using var content = new SteadyStream(await answer.Content.ReadAsStreamAsync(call.Cancellation), Shown(address));
        var outcome = await XvaCompression.ReadAsync(
            content, archive => daemon.VmTransfers.ImportAsync(call, archive, how, sr), call.Cancellation);
        return [.. outcome.Vms];
    }

    /// <summary>Whether an address is one that this host reaches over a network, and not itself or something on its link.</summary>
    internal static bool IsOutside(IPAddress address)
    {
        var plain = address.Plain();
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

    private static async Task<HttpResponseMessage> AnswerAsync(
        HttpClient client, HttpRequestMessage request, string shown, CancellationToken cancellationToken)
    {
        try
        {
            return await WithinAsync(
                token => client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), shown, cancellationToken);
        }
        catch (HttpRequestException failed)
        {
            throw failed.InnerException as XenApiException ?? Unreadable(shown, failed);
        }
    }

    // A whole import may take hours; each piece of it comes in time or not at all.
    private static async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> act, string shown, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            return await act(limit.Token);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new XenApiException(late, "IMPORT_ERROR", $"{shown} has sent nothing for {Patience.TotalSeconds:0} seconds");
        }
    }

    private static XenApiException Unreadable(string shown, Exception failed) =>
        new(failed, "IMPORT_ERROR", $"{shown} can't be read: {failed.Message.TrimEnd('.')}");

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

    /// <summary>A stream of which each piece comes in time; what fails about it is told as the other server's failure.</summary>
    private sealed class SteadyStream(Stream content, string shown) : ForwardStream
    {
        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await WithinAsync(token => content.ReadAsync(buffer, token).AsTask(), shown, cancellationToken);
            }
            catch (IOException broken)
            {
                throw Unreadable(shown, broken);
            }
        }

        protected override void Dispose(bool disposing)
        {
            content.Dispose();
            base.Dispose(disposing);
        }
    }
}
