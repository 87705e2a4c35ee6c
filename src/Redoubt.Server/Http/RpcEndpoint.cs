using System.Net;
using Microsoft.AspNetCore.Http;
using Redoubt.Server.Dispatch;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>Calls over HTTP: JSON-RPC and XML-RPC.</summary>
internal sealed class RpcEndpoint(Dispatcher dispatcher, RequestBody bodies, Func<string, bool> isSession)
{
    public Task HandleJsonAsync(HttpContext http) =>
        HandleAsync(http, JsonRpc.ContentType, body => JsonRpc.ReadRequest(body.GetBuffer().AsMemory(0, (int)body.Length)));

    public Task HandleXmlAsync(HttpContext http) => HandleAsync(http, XmlRpc.ContentType, body => XmlRpc.ReadRequest(body));

    public static void AddHeaders(HttpResponse response)
    {
        response.Headers.Connection = "keep-alive";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlAllowHeaders = "X-Requested-With";
    }

    private async Task HandleAsync(HttpContext http, string contentType, Func<MemoryStream, RpcRequest> read)
    {
        RpcRequest request;
        try
        {
            request = await bodies.ReadAsync(http.Request, read, http.RequestAborted);
        }
        catch (WireFormatException malformed)
        {
            await HttpPages.InternalErrorAsync(
                http, malformed.InnerException is { } cause ? $"{malformed.Message}: {cause.Message}" : malformed.Message);
            return;
        }

        var isProved = request.Parameters is [WireString { Value: var spelled }, ..] && isSession(spelled);
        if (isProved)
        {
            Connections.Prove(http);
        }

        var answer = await dispatcher.DispatchAsync(request, http.Connection.RemoteIpAddress ?? IPAddress.None, http.RequestAborted);
        if (!isProved && answer.Failure is null && request.Method.Contains("login", StringComparison.Ordinal))
        {
            Connections.Prove(http);
        }

        AddHeaders(http.Response);

        // Exactly so: with a character set after it, some clients take the server for one that speaks XML-RPC only.
        http.Response.ContentType = contentType;
        await using var output = new AnswerStream(http.Response, http.RequestAborted);
        await WriteAsync(output, request, answer);
        await output.FinishAsync();
    }

    /// <summary>Writes an answer in the form of its call.</summary>
    public static Task WriteAsync(AnswerStream output, RpcRequest request, Answer answer)
    {
        switch (answer, request.Form)
        {
            case ({ Failure: { } failure }, RpcForm.XmlRpc):
                XmlRpc.WriteFailure(output, failure.Code, failure.Parameters);
                return Task.CompletedTask;
            case ({ Failure: { } failure }, _):
                JsonRpc.WriteFailure(output, request.Form, request.Id, failure.Code, failure.Parameters);
                return Task.CompletedTask;
            case ({ IsBare: true }, RpcForm.XmlRpc):
                XmlRpc.WriteBareResult(output, answer.Parts!);
                return Task.CompletedTask;
            case (_, RpcForm.XmlRpc):
                return XmlRpc.WriteResultAsync(output, answer.Parts!, output.DrainAsync);
            default:
                return JsonRpc.WriteResultAsync(output, request.Form, request.Id, answer.Parts!, output.DrainAsync);
        }
    }
}
