using System.Collections.Immutable;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Redoubt.Database;
using Redoubt.Database.Archive;
using Redoubt.Pool;
using Redoubt.Server.Tasks;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// <c>/export_metadata</c> and <c>/import_metadata</c>, with xapi's parameters. A task that <c>task_id</c> names says of an import which
/// VMs were made, as xapi's does; the answer's text says the same to people.
/// </summary>
internal sealed class VmMetadataEndpoint(PoolDaemon daemon, TransferRunner runner)
{
    private const int TarBytes = 64 << 10;
    private const string Disk = "vdi:";

    public Task ExportAsync(HttpContext http) => runner.RunAsync(
        http, "get_export_metadata", Role.VmAdmin, About(daemon.Services.State, http), async session =>
        {
            var query = http.Request.Query;
            var state = session.Foreign ?? daemon.Services.State;
            var vms = Flag(query, "all", otherwise: false)
                ? VmMetadata.All(state, Flag(query, "include_dom0", otherwise: true))
                : Named(state, query);
            var options = new ArchiveOptions(
                Flag(query, "export_snapshots", otherwise: true), Flag(query, "include_vhd_parents", otherwise: false));
            await using var archive = daemon.Services.OpenScratch("archive");
            await Task.Run(() => daemon.VmMetadata.Export(state, vms, options, archive), http.RequestAborted);
            archive.Position = 0;
            http.Response.Headers.ContentDisposition = "attachment; filename=\"export.xva\"";
            await TransferRunner.SendAsync(http, archive, "application/octet-stream");
            return "";
        });

    public Task ImportAsync(HttpContext http) => runner.RunAsync(http, "put_import_metadata", Role.VmAdmin, null, async session =>
        {
            if (session.Foreign is not null)
            {
                throw new XenApiException(
                    "OPERATION_NOT_ALLOWED", "A foreign database is only read. Import in a session on the pool itself.");
            }

            var query = http.Request.Query;
            var how = new VmImport
            {
                Restore = Flag(query, "restore", otherwise: false),
                Force = Flag(query, "force", otherwise: false),
                DryRun = Flag(query, "dry_run", otherwise: false),
                MayAdoptStorage = session.Role >= Role.PoolOperator,
                Disks = query.Where(q => q.Key.StartsWith(Disk, StringComparison.Ordinal))
                    .ToImmutableSortedDictionary(q => q.Key[Disk.Length..], q => q.Value.ToString()),
            };
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = ArchiveReader.TextBytesMax + TarBytes;
            await using var archive = daemon.Services.OpenScratch("import");
            await http.Request.Body.CopyToAsync(archive, TransferRunner.ChunkBytes, http.RequestAborted);
            archive.Position = 0;
            var outcome = await daemon.VmMetadata.ImportAsync(archive, how, http.RequestAborted);
            await TransferRunner.SendAsync(
                http, new MemoryStream(Encoding.UTF8.GetBytes(Tell(outcome, how.DryRun))), "text/plain; charset=utf-8");
            return TaskResult.Of(SetType<Ref<VmRecord>>.Of(RefType<VmRecord>.Of("VM")), outcome.Vms.ToImmutableList());
        });

    private static string Tell(VmImportOutcome outcome, bool dryRun) =>
        string.Concat(
            outcome.Names.Select(n => $"{(dryRun ? "Would import" : "Imported")} {n}.\n").Concat(outcome.Notices.Select(n => n + "\n")));

    /// <summary>What a parameter says that is either true or false.</summary>
    internal static bool Flag(IQueryCollection query, string name, bool otherwise) => query[name].FirstOrDefault() switch
    {
        null => otherwise,
        "true" => true,
        "false" => false,
        var other => throw new XenApiException("INVALID_VALUE", name, other),
    };

    /// <summary>The VMs that a request names.</summary>
    internal static List<Ref<VmRecord>> Named(DatabaseState state, IQueryCollection query)
    {
        if (query["ref"].FirstOrDefault() is { } reference)
        {
            _ = state.Get(new Ref<VmRecord>(reference));
            return [new(reference)];
        }

        // xapi takes one UUID; "uuids" for several is ours.
        var wanted = query["uuids"].FirstOrDefault()?.Split(',')
            ?? (query["uuid"].FirstOrDefault() is { } one ? [one] : throw new XenApiException("INVALID_VALUE", "uuid", ""));
        return wanted.Distinct(StringComparer.Ordinal).Select(
            u => state.FindByUuid<VmRecord>(u) is { IsNull: false } vm ? vm : throw new XenApiException("UUID_INVALID", "VM", u)).ToList();
    }

    /// <summary>Which of them the audit log names.</summary>
    internal static AuditedTransfer About(DatabaseState state, HttpContext http)
    {
        var query = http.Request.Query;
        return new(
            VmRecord.Declaration,
            query["ref"].FirstOrDefault() is { } reference
                ? [reference]
                : [.. (query["uuids"].FirstOrDefault() ?? query["uuid"].FirstOrDefault() ?? "").Split(',')
                    .Select(u => state.FindByUuid<VmRecord>(u).Opaque)]);
    }
}
