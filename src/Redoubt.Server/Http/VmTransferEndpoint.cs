using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Redoubt.Pool;
using Redoubt.Server.Tasks;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// <c>/export</c> and <c>/import</c>: VMs with their disks, with xapi's parameters. A task that <c>task_id</c> names says of an import
/// which VMs were made; the answer's text says the same to people.
/// </summary>
internal sealed class VmTransferEndpoint(PoolDaemon daemon, TransferRunner runner)
{
    public Task ExportAsync(HttpContext http) => runner.RunAsync(
        http, "get_export", Role.VmAdmin, VmMetadataEndpoint.About(daemon.Services.State, http), async session =>
        {
            RequireOwn(session);
            var vms = VmMetadataEndpoint.Named(daemon.Services.State, http.Request.Query);
            var compression = XvaCompression.Asked(http.Request.Query["use_compression"].FirstOrDefault());
            var call = new CallContext(session, daemon.Services.State, TaskHandle.Unrecorded(), http.RequestAborted);

            // Nothing is sent before it is known that there is something to send: a refusal comes as one.
            var target = new LateStream(() =>
            {
                TransferRunner.AddHeaders(http.Response);
                http.Response.ContentType = "application/octet-stream";
                http.Response.Headers.ContentDisposition = "attachment; filename=\"export.xva\"";
                return http.Response.Body;
            });
            await XvaCompression.WriteAsync(
                compression, target, archive => daemon.VmTransfers.ExportAsync(call, vms, archive), call.Cancellation);
            return "";
        });

    public Task ImportAsync(HttpContext http) => runner.RunAsync(http, "put_import", Role.VmAdmin, null, async session =>
    {
        RequireOwn(session);
        var query = http.Request.Query;
        var how = new VmImport
        {
            Restore = VmMetadataEndpoint.Flag(query, "restore", otherwise: false),
            Force = VmMetadataEndpoint.Flag(query, "force", otherwise: false),
            MayAdoptStorage = session.Role >= Role.PoolOperator,
        };
        var call = new CallContext(session, daemon.Services.State, TaskHandle.Unrecorded(), http.RequestAborted);

        // Disks may have any size; that they come at all is seen to by the least rate of bodies.
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
        var sr = Sr(query);
        var outcome = await XvaCompression.ReadAsync(
            http.Request.Body, archive => daemon.VmTransfers.ImportAsync(call, archive, how, sr), call.Cancellation);
        var text = string.Concat(outcome.Names.Select(n => $"Imported {n}.\n").Concat(outcome.Notices.Select(n => n + "\n")));
        await TransferRunner.SendAsync(http, new MemoryStream(Encoding.UTF8.GetBytes(text)), "text/plain; charset=utf-8");
        return TaskResult.Of(SetType<Ref<VmRecord>>.Of(RefType<VmRecord>.Of("VM")), outcome.Vms.ToImmutableList());
    });

    private static void RequireOwn(SessionState session)
    {
        if (session.Foreign is not null)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The disks of a foreign database are not this pool's. Recover the VM first, or export its metadata.");
        }
    }

    private Ref<SrRecord> Sr(IQueryCollection query)
    {
        if (query["sr_id"].FirstOrDefault() is { Length: > 0 } reference)
        {
            _ = daemon.Services.State.Get(new Ref<SrRecord>(reference));
            return new(reference);
        }

        if (query["sr_uuid"].FirstOrDefault() is not { Length: > 0 } uuid)
        {
            return default;
        }

        return daemon.Services.State.FindByUuid<SrRecord>(uuid) is { IsNull: false } sr
            ? sr : throw new XenApiException("UUID_INVALID", "SR", uuid);
    }
}
