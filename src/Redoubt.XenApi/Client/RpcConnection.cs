using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Redoubt.XenApi;

/// <summary>The HTTP side of a client: calls, uploads and downloads, and their failures as one type of exception.</summary>
internal sealed class RpcConnection : IDisposable
{
    // The largest answer we take: get_all_records of a pool of ten thousand VMs is about forty megabytes.
    private const long MaxAnswerBytes = 1L << 30;
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(15);

    private readonly HttpClient http;
    private readonly Uri rpc;
    private long lastId;
    private volatile bool certificateRefused;

    public RpcConnection(Uri server, Func<X509Certificate2, bool>? acceptCertificate)
    {
        Server = server;
        rpc = new Uri(server, "/jsonrpc");
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectLimit,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        };
        if (acceptCertificate is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                var accepted = certificate is X509Certificate2 full && acceptCertificate(full);
                certificateRefused = !accepted;
                return accepted;
            };
        }

        http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public RpcConnection(Uri server, HttpMessageHandler handler)
    {
        Server = server;
        rpc = new Uri(server, "/jsonrpc");
        http = new HttpClient(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public Uri Server { get; }

    public async Task<WireValue> CallAsync(string method, Action<IWireWriter> parameters, CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        JsonRpc.WriteRequest(body, method, Interlocked.Increment(ref lastId), parameters);
        using var request = new HttpRequestMessage(HttpMethod.Post, rpc)
        {
            Content = new ReadOnlyMemoryContent(body.GetBuffer().AsMemory(0, (int)body.Length)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(JsonRpc.ContentType);
        using var response = await SendAsync(request, cancellationToken);
        await ThrowUnlessSuccessAsync(response, cancellationToken);
        try
        {
            return JsonRpc.ReadResponse(await ReadAllAsync(response, cancellationToken)).Unwrap();
        }
        catch (WireFormatException strange)
        {
            throw new XenApiTransportException($"{Server.Authority} answered {method} with something that is no JSON-RPC.", strange);
        }
    }

    /// <summary>Sends a stream; gives the text of the answer.</summary>
    public async Task<string> UploadAsync(string path, Stream content, IProgress<long>? sentBytes, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(Server, path))
        {
            Content = new StreamContent(new CountingStream(content, sentBytes), 1 << 20),
        };
        if (content.CanSeek)
        {
            request.Content.Headers.ContentLength = content.Length - content.Position;
        }

        using var response = await SendAsync(request, cancellationToken);
        await ThrowUnlessSuccessAsync(response, cancellationToken);
        return Encoding.UTF8.GetString((await ReadAllAsync(response, cancellationToken)).Span);
    }

    public async Task DownloadAsync(string path, Stream target, IProgress<long>? receivedBytes, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server, path));
        using var response = await SendAsync(request, cancellationToken);
        await ThrowUnlessSuccessAsync(response, cancellationToken);
        await GuardAsync(async () =>
        {
            var content = new CountingStream(await response.Content.ReadAsStreamAsync(cancellationToken), receivedBytes);
            await content.CopyToAsync(target, 1 << 20, cancellationToken);
        }, cancellationToken);
    }

    public void Dispose() => http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage? response = null;
        await GuardAsync(
            async () => response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken),
            cancellationToken);
        return response!;
    }

    private async Task<ReadOnlyMemory<byte>> ReadAllAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = new MemoryStream();
        await GuardAsync(async () =>
        {
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            await response.Content.CopyToAsync(text, cancellationToken);
        }, cancellationToken);
        return text.GetBuffer().AsMemory(0, (int)text.Length);
    }

    // A transfer that fails is answered with a status; our own server puts the code and its parameters into the body.
    private async Task ThrowUnlessSuccessAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var body = await ReadAllAsync(response, cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType == JsonRpc.ContentType && TryReadFailure(body) is { } failure)
        {
            throw failure;
        }

        var status = $"{(int)response.StatusCode} {response.ReasonPhrase}";
        throw new XenApiTransportException(response.StatusCode == HttpStatusCode.NotFound
            ? $"{Server.Authority} has no XenAPI there ({status})."
            : $"{Server.Authority} refused the request: {status}. {FirstLine(body.Span)}".TrimEnd());
    }

    private static XenApiException? TryReadFailure(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonRpc.ReadResponse(body).Failure;
        }
        catch (WireFormatException)
        {
            return null;
        }
    }

    private static string FirstLine(ReadOnlySpan<byte> body)
    {
        var text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, 200)]);
        return text.StartsWith('<') ? "" : text.Split('\n')[0].Trim();
    }

    private async Task GuardAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        try
        {
            await act();
        }
        catch (HttpRequestException broken)
        {
            throw new XenApiTransportException(Describe(broken), broken);
        }
        catch (IOException broken) when (broken is not FileNotFoundException)
        {
            throw new XenApiTransportException($"The transfer with {Server.Authority} broke off: {broken.Message}", broken);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            // A connection that is not made within its limit is reported as a cancelling, though nobody cancelled.
            throw new XenApiTransportException($"{Server.Authority} did not answer in time.", late);
        }
    }

    private string Describe(HttpRequestException broken) => broken.HttpRequestError switch
    {
        HttpRequestError.SecureConnectionError when certificateRefused => $"The certificate of {Server.Authority} is not trusted.",
        HttpRequestError.SecureConnectionError => $"No secure connection to {Server.Authority}: {Innermost(broken)}",
        HttpRequestError.NameResolutionError => $"There is no host named {Server.Host}.",
        HttpRequestError.ConnectionError => $"Can't connect to {Server.Authority}: {Innermost(broken)}",
        _ => $"The connection to {Server.Authority} failed: {Innermost(broken)}",
    };

    private static string Innermost(Exception exception) => exception.GetBaseException().Message;
}
