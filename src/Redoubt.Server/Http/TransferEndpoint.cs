using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Dispatch;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>What is too long for a call: disks in and out, and the database as a whole.</summary>
internal sealed class TransferEndpoint(PoolDaemon daemon, HttpSessions sessions, AuditTrail audit, Failures failures)
{
    private const int ChunkBytes = 1 << 20;

    public Task ImportDiskAsync(HttpContext http) => RunAsync(http, "put_import_raw_vdi", Role.VmAdmin, async session =>
    {
        var (call, vdi, format) = Disk(http, session);

        // A disk may have any size; that it comes at all is seen to by the least rate of bodies.
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        await daemon.Transfers.ImportAsync(call, vdi, http.Request.Body, format);
        AddHeaders(http.Response);
        http.Response.ContentLength = 0;
    });

    public Task ExportDiskAsync(HttpContext http) => RunAsync(http, "get_export_raw_vdi", Role.VmAdmin, async session =>
    {
        var (call, vdi, format) = Disk(http, session);
        await using var content = await daemon.Transfers.ExportAsync(call, vdi, format);
        await SendAsync(http, content, "application/octet-stream");
    });

    public Task DumpDatabaseAsync(HttpContext http) => RunAsync(http, "get_pool_xml_db_sync", Role.PoolAdmin, async session =>
    {
        var state = session.Foreign ?? daemon.Services.State;

        // By way of a file: the dump of a large pool is too long for memory, and its writer can't wait for a slow client.
        await using var file = Scratch("dump");
        await Task.Run(() => DumpWriter.Write(StateDump.ToDump(state), file), http.RequestAborted);
        file.Position = 0;
        await SendAsync(http, file, "text/xml");
    });

    public Task RestoreDatabaseAsync(HttpContext http) => RunAsync(http, "put_pool_xml_db_sync", Role.PoolAdmin, async session =>
    {
        if (session.Foreign is not null)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "A foreign database is only read. Restore in a session on the pool itself.");
        }

        // It says outright which of the two is meant: a forgotten parameter must not cost a database.
        var dryRun = http.Request.Query["dry_run"].FirstOrDefault() switch
        {
            "true" => true,
            "false" => false,
            var other => throw new XenApiException("INVALID_VALUE", "dry_run", other ?? ""),
        };
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = DumpLimits.Default.DocumentBytes;
        await using var backup = Scratch("restore");
        await http.Request.Body.CopyToAsync(backup, ChunkBytes, http.RequestAborted);
        backup.Position = 0;
        var plan = await daemon.Restore.RunAsync(backup, dryRun, http.RequestAborted);
        await SendAsync(http, new MemoryStream(Encoding.UTF8.GetBytes(plan.ToString())), "text/plain; charset=utf-8");
    });

    private FileStream Scratch(string purpose) => new(
        Path.Combine(daemon.Services.DataDirectory, "scratch", $"{purpose}-{Guid.NewGuid():D}"),
        new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });

    private static async Task SendAsync(HttpContext http, Stream content, string contentType)
    {
        AddHeaders(http.Response);
        http.Response.ContentType = contentType;
        if (content.CanSeek)
        {
            http.Response.ContentLength = content.Length - content.Position;
        }

        await content.CopyToAsync(http.Response.Body, ChunkBytes, http.RequestAborted);
    }

    private static void AddHeaders(HttpResponse response)
    {
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers.AccessControlAllowOrigin = "*";
        response.Headers.AccessControlAllowHeaders = "X-Requested-With";
    }

    private (CallContext Call, Ref<VdiRecord> Vdi, DiskFormat Format) Disk(HttpContext http, SessionState session)
    {
        var query = http.Request.Query;
        var format = query["format"].FirstOrDefault() switch
        {
            null or "" or "raw" => DiskFormat.Raw,
            "qcow2" => DiskFormat.Qcow2,
            var other => throw new XenApiException("VALUE_NOT_SUPPORTED", "format", other, "disks are transferred as raw or qcow2"),
        };
        var named = query["vdi"].FirstOrDefault() ?? throw new XenApiException("INVALID_VALUE", "vdi", "");
        var state = daemon.Services.State;
        var vdi = named.StartsWith(RefText.Prefix, StringComparison.Ordinal) ? new Ref<VdiRecord>(named) : state.FindByUuid<VdiRecord>(named);
        if (vdi.IsNull && named != RefText.Null)
        {
            throw new XenApiException("UUID_INVALID", "VDI", named);
        }

        _ = state.Get(vdi);
        return (new(session, state, TaskHandle.Unrecorded(), http.RequestAborted), vdi, format);
    }

    private async Task RunAsync(HttpContext http, string handler, Role lowest, Func<SessionState, Task> act)
    {
        try
        {
            var known = await sessions.RunAsync(http, async session =>
            {
                await Audited(http, session, handler).RunAsync(async () =>
                {
                    RoleCheck.Require(session, "http/" + handler, lowest);
                    await act(session);
                    return null;
                });
            });
            if (!known)
            {
                await HttpPages.UnauthorisedAsync(http, handler);
            }
        }
        catch (Exception error) when (error is not (OperationCanceledException or BadHttpRequestException) || !http.RequestAborted.IsCancellationRequested)
        {
            await FailAsync(http, failures.Translate(error, handler));
        }
    }

    private AuditedCall Audited(HttpContext http, SessionState session, string handler)
    {
        var named = http.Request.Query["vdi"].FirstOrDefault();
        var disk = named is null ? null : daemon.Services.State.FindByUuid<VdiRecord>(named) is { IsNull: false } found ? found.Opaque : named;
        return audit.BeginTransfer(session, http.Connection.RemoteIpAddress ?? System.Net.IPAddress.None, handler, VdiRecord.Declaration, disk);
    }

    private static async Task FailAsync(HttpContext http, XenApiException failure)
    {
        if (http.Response.HasStarted)
        {
            // Half of it is on its way; only a broken connection can say that the rest won't follow.
            http.Abort();
            return;
        }

        http.Response.Clear();
        AddHeaders(http.Response);
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
        "OPERATION_NOT_ALLOWED" => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status500InternalServerError,
    };
}
