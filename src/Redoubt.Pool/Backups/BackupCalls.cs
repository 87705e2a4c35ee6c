using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>Metadata backups, as messages of the SR that they are on.</summary>
internal sealed partial class BackupCalls(MetadataBackups backups, BackupRestore restore, BackupSchedule schedule)
{
    private static readonly ImmutableSortedDictionary<string, string> None = ImmutableSortedDictionary<string, string>.Empty;

    [Message("SR.create_metadata_backup")]
    public Task<string> CreateAsync(CallContext call, Ref<SrRecord> sr, long keep) => backups.CreateAsync(sr, keep, call.Cancellation);

    [Message("SR.get_metadata_backups")]
    public Task<ImmutableList<ImmutableSortedDictionary<string, string>>> ListAsync(CallContext call, Ref<SrRecord> sr, string vdi) => backups.ReadAsync(
        sr,
        vdi,
        async volume =>
        {
            var listed = ImmutableList.CreateBuilder<ImmutableSortedDictionary<string, string>>();
            foreach (var date in await volume.DatesAsync(call.Cancellation))
            {
                var archives = await volume.ArchivesAsync(date, call.Cancellation);
                var database = await volume.DatabaseAsync(date, isNewest: listed.Count == 0, call.Cancellation);
                listed.Add(None
                    .Add("date", date)
                    .Add("vms", archives.Count.ToString(CultureInfo.InvariantCulture))
                    .Add("database", database is null ? "false" : "true")
                    .Add("bytes", (archives.Sum(a => a.SizeBytes) + (database?.SizeBytes ?? 0)).ToString(CultureInfo.InvariantCulture)));
            }

            return listed.ToImmutable();
        },
        call.Cancellation);

    [Message("SR.restore_metadata_backup")]
    public async Task<ImmutableList<ImmutableSortedDictionary<string, string>>> RestoreAsync(
        CallContext call, Ref<SrRecord> sr, string vdi, string date, string mode, bool force, bool dryRun)
    {
        var oneSr = mode switch
        {
            "all" => false,
            "sr" => true,
            _ => throw new XenApiException("INVALID_VALUE", "mode", mode),
        };
        var outcomes = await restore.RunAsync(sr, vdi, new BackupRestore.Wish(date, oneSr, force, dryRun), call.Cancellation);
        return
        [
            .. outcomes.Select(
                o => None.Add("class", o.Class).Add("uuid", o.Uuid).Add("name_label", o.Name).Add("result", o.Result)
                    .Add("detail", o.Detail)),
        ];
    }

    [Message("SR.set_metadata_backup_schedule")]
    public Task SetScheduleAsync(CallContext call, Ref<SrRecord> sr, string interval, long keep) =>
        schedule.SetAsync(sr, interval, keep, call.Cancellation);
}
