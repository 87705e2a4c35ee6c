using System.Net;
using Microsoft.AspNetCore.Http;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Tasks;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>What all transfers have in common: who asks and whether they may, the audit log, and how a failure is told.</summary>
internal sealed class TransferRunner(HttpSessions sessions, ClientTask task, AuditTrail audit, CallFailures failures)
{
    public const int ChunkBytes = 1 << 20;

    /// <summary>Runs a transfer in the name of whoever asks.</summary>
    /// <param name="http">The request.</param>
    /// <param name="handler">What it is called in roles and in the audit log.</param>
    /// <param name="lowest">The lowest role that may.</param>
    /// <param name="about">The objects it is about.</param>
    /// <param name="act">Does it.</param>
    public Task RunAsync(HttpContext http, string handler, Role lowest, AuditedTransfer? about, Func<SessionState, Task> act) =>
        RunAsync(http, handler, lowest, about, async session =>
        {
            await act(session);
            return "";
        });

    /// <summary>Runs a transfer in the name of whoever asks.</summary>
    /// <param name="http">The request.</param>
    /// <param name="handler">What it is called in roles and in the audit log.</param>
    /// <param name="lowest">The lowest role that may.</param>
    /// <param name="about">The objects it is about.</param>
    /// <param name="act">Does it; gives the result of the client's task, if there is one.</param>
    public async Task RunAsync(HttpContext http, string handler, Role lowest, AuditedTransfer? about, Func<SessionState, Task<string>> act)
    {
        try
        {
            // Around everything else: a refusal is an outcome too.
            var known = await sessions.RunAsync(http, session => task.RunAsync(http, session, handler, async () =>
            {
                var result = "";
                var remote = http.Connection.RemoteIpAddress ?? IPAddress.None;
                await audit.BeginTransfer(session, remote, handler, about?.Class, about?.References ?? []).RunAsync(async () =>
                {
                    RoleCheck.Require(session, "http/" + handler, lowest);
                    result = await act(session);
                    return null;
                });
                return result;
            }));
            if (!known)
            {
                await HttpPages.UnauthorisedAsync(http, handler);
            }
        }
        catch (Exception error) when (error is not (OperationCanceledException or BadHttpRequestException)
            || !http.RequestAborted.IsCancellationRequested)
        {
            await FailAsync(http, Translate(error, handler));
        }
    }

    /// <summary>The failure that the client gets.</summary>
    public XenApiException Translate(Exception error, string handler) => failures.Translate(error, handler);

    /// <summary>Sends content as the answer.</summary>
    public static async Task SendAsync(HttpContext http, Stream content, string contentType)
    {
        AddHeaders(http.Response);
        http.Response.ContentType = contentType;
        if (content.CanSeek)
        {
            http.Response.ContentLength = content.Length - content.Position;
        }

        await content.CopyToAsync(http.Response.Body, ChunkBytes, http.RequestAborted);
    }

    /// <summary>Adds the headers of every answer.</summary>
    public static void AddHeaders(HttpResponse response)
    {
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlAllowHeaders = "X-Requested-With";
    }

    /// <summary>Refuses a request; one whose answer has begun is broken off.</summary>
    public static async Task FailAsync(HttpContext http, XenApiException failure)
    {
        if (http.Response.HasStarted)
        {
            // Half of it is on its way; only a broken connection can say that the rest won't follow.
            http.Abort();
            return;
        }

        http.Response.Clear();
        AddHeaders(http.Response);
        if (failure.Code == "TASK_CANCELLED")
        {
            // The client goes on sending, and nobody reads it.
            http.Response.Headers.Connection = "close";
        }

        http.Response.StatusCode = Status(failure.Code);
        http.Response.ContentType = JsonRpc.ContentType;
        await using var output = new AnswerStream(http.Response, http.RequestAborted);
        JsonRpc.WriteFailure(output, RpcForm.JsonRpc2, WireNull.Instance, failure.Code, failure.Parameters);
        await output.FinishAsync();
    }

    private static int Status(string code) => code switch
    {
        "SESSION_INVALID" or "SESSION_AUTHENTICATION_FAILED" => StatusCodes.Status401Unauthorized,
        "RBAC_PERMISSION_DENIED" => StatusCodes.Status403Forbidden,
        "HANDLE_INVALID" or "UUID_INVALID" => StatusCodes.Status404NotFound,
        "INVALID_VALUE" or "VALUE_NOT_SUPPORTED" or "COULD_NOT_IMPORT_DATABASE" => StatusCodes.Status400BadRequest,
        "OPERATION_NOT_ALLOWED" or "VM_REQUIRES_SR" or "VM_TO_IMPORT_IS_NOT_NEWER_VERSION" or "VM_BAD_POWER_STATE" =>
            StatusCodes.Status409Conflict,
        _ when code.StartsWith("IMPORT_", StringComparison.Ordinal) => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };
}
