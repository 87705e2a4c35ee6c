using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.Pool;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>What is too long for a call: disks in and out, and the database as a whole.</summary>
internal sealed class TransferEndpoint(PoolDaemon daemon, TransferRunner runner)
{
    public Task ImportDiskAsync(HttpContext http) =>
        runner.RunAsync(http, "put_import_raw_vdi", Role.VmAdmin, Object(http), async session =>
        {
            var (call, vdi, format) = Disk(http, session);

            // A disk may have any size; that it comes at all is seen to by the least rate of bodies.
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            await daemon.Transfers.ImportAsync(call, vdi, http.Request.Body, format);
            TransferRunner.AddHeaders(http.Response);
            http.Response.ContentLength = 0;
        });

    public Task ExportDiskAsync(HttpContext http) =>
        runner.RunAsync(http, "get_export_raw_vdi", Role.VmAdmin, Object(http), async session =>
        {
            var (call, vdi, format) = Disk(http, session);
            await using var content = await daemon.Transfers.ExportAsync(call, vdi, format);
            await TransferRunner.SendAsync(http, content, "application/octet-stream");
        });

    public Task DumpDatabaseAsync(HttpContext http) => runner.RunAsync(http, "get_pool_xml_db_sync", Role.PoolAdmin, null, async session =>
    {
        var state = session.Foreign ?? daemon.Services.State;

        // By way of a file: the dump of a large pool is too long for memory, and its writer can't wait for a slow client.
        await using var file = daemon.Services.OpenScratch("dump");
        await Task.Run(() => DumpWriter.Write(StateDump.ToDump(state, daemon.Services.KeyRing), file), http.RequestAborted);
        file.Position = 0;
        await TransferRunner.SendAsync(http, file, "text/xml");
    });

    public Task RestoreDatabaseAsync(HttpContext http) => runner.RunAsync(http, "put_pool_xml_db_sync", Role.PoolAdmin, null, async session =>
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
        await using var backup = daemon.Services.OpenScratch("restore");
        await http.Request.Body.CopyToAsync(backup, TransferRunner.ChunkBytes, http.RequestAborted);
        backup.Position = 0;
        var plan = await daemon.Restore.RunAsync(backup, dryRun, http.RequestAborted);
        await TransferRunner.SendAsync(http, new MemoryStream(Encoding.UTF8.GetBytes(plan.ToString())), "text/plain; charset=utf-8");
    });

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
        var vdi = named.StartsWith(RefText.Prefix, StringComparison.Ordinal)
            ? new Ref<VdiRecord>(named)
            : state.FindByUuid<VdiRecord>(named);
        if (vdi.IsNull && named != RefText.Null)
        {
            throw new XenApiException("UUID_INVALID", "VDI", named);
        }

        _ = state.Get(vdi);
        return (new(session, state, TaskHandle.Unrecorded(), http.RequestAborted), vdi, format);
    }

    private AuditedTransfer Object(HttpContext http)
    {
        var named = http.Request.Query["vdi"].FirstOrDefault();
        var disk =
            named is null ? null : daemon.Services.State.FindByUuid<VdiRecord>(named) is { IsNull: false } found ? found.Opaque : named;
        return new(VdiRecord.Declaration, disk is null ? [] : [disk]);
    }
}
