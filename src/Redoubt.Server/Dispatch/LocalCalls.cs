using System.Net;
using System.Net.Http.Headers;
using Redoubt.XenApi;

namespace Redoubt.Server.Dispatch;

/// <summary>
/// Answers the JSON-RPC requests of a client inside the daemon: straight into the dispatcher, with no socket and no password between, but
/// through the same checks and the same audit as every call from outside.
/// </summary>
/// <param name="dispatcher">Where the calls go.</param>
/// <param name="remote">Where whoever calls is, for the audit log: the loopback address for the daemon's own calls.</param>
/// <param name="isUse">Whether a session counts as used by these calls, and so lives on.</param>
internal sealed class LocalCalls(Func<Dispatcher> dispatcher, IPAddress remote, bool isUse) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method != HttpMethod.Post || request.RequestUri?.AbsolutePath != "/jsonrpc")
        {
            throw new HttpRequestException(
                $"A client inside the daemon makes calls only; {request.Method} {request.RequestUri?.AbsolutePath} is a transfer.");
        }

        var call = JsonRpc.ReadRequest(await request.Content!.ReadAsByteArrayAsync(cancellationToken));

        // Not on the caller's thread: what looks like waiting for the network must not hold it up.
        var answer = await Task.Run(() => dispatcher().DispatchAsync(call, remote, isUse, cancellationToken), cancellationToken);
        var body = new MemoryStream();
        if (answer.Failure is { } failure)
        {
            JsonRpc.WriteFailure(body, call.Form, call.Id, failure.Code, failure.Parameters);
        }
        else
        {
            await JsonRpc.WriteResultAsync(body, call.Form, call.Id, answer.Parts!, () => ValueTask.CompletedTask);
        }

        var content = new ByteArrayContent(body.GetBuffer(), 0, (int)body.Length);
        content.Headers.ContentType = new MediaTypeHeaderValue(JsonRpc.ContentType);
        return new HttpResponseMessage(HttpStatusCode.OK) { Content = content, RequestMessage = request };
    }
}
