using System.Net;
using Microsoft.AspNetCore.Http;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Http;
using Redoubt.XenApi;

namespace Redoubt.Server.Viewing;

/// <summary>
/// What <c>console.location</c> leads to. Whoever asks, and may, gets a line to the guest's screen or serial port, in whichever of two ways
/// they asked: <see cref="ConsoleConnection"/> or <see cref="ConsoleWebSocket"/>.
/// </summary>
internal sealed class ConsoleEndpoint(
    PoolServices pool, GuestConsoles consoles, ConsoleViewers viewers, HttpSessions sessions, AuditTrail audit, CallFailures failures)
{
    /// <summary>Its path.</summary>
    public const string Path = "/console";

    /// <summary>Answers a request.</summary>
    /// <param name="http">The request; refusals are its answer.</param>
    /// <param name="handler">What it is called in roles and in the audit log.</param>
    /// <param name="serve">Says yes to the client, and serves the line.</param>
    public async Task RunAsync(HttpContext http, string handler, Func<ConsoleLine, ConsoleViewer, Task> serve)
    {
        try
        {
            if (!await sessions.RunAsync(http, session => ViewAsync(http, session, handler, serve)))
            {
                await HttpPages.UnauthorisedAsync(http, handler);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException || !http.RequestAborted.IsCancellationRequested)
        {
            await TransferRunner.FailAsync(http, failures.Translate(error, handler));
        }
    }

    private async Task ViewAsync(HttpContext http, SessionState session, string handler, Func<ConsoleLine, ConsoleViewer, Task> serve)
    {
        var (uuid, reference) = (http.Request.Query["uuid"].FirstOrDefault(), http.Request.Query["ref"].FirstOrDefault());
        ConsoleViewer? viewer = null;
        ConsoleLine? line = null;
        try
        {
            // Recorded when it is opened, and not only when it is closed, hours later.
            var vm = GuestConsoles.TryFind(pool.State, uuid, reference)?.Vm.Opaque;
            await audit.BeginTransfer(
                session, http.Connection.RemoteIpAddress ?? IPAddress.None, handler, VmRecord.Declaration,
                vm is null ? [] : [vm]).RunAsync(async () =>
            {
                RoleCheck.Require(session, "http/" + handler, ConsoleViewers.Lowest);
                var console = GuestConsoles.Find(pool.State, uuid, reference);
                viewer = viewers.Enter(session.Ref, console);
                line = await consoles.OpenAsync(console, http.RequestAborted);
                return null;
            });
            await serve(line!, viewer!);
        }
        finally
        {
            if (line is not null)
            {
                await line.DisposeAsync();
            }

            viewer?.Dispose();
        }
    }
}
