using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Archive;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Pool.Backups;

/// <summary>
/// Brings VMs back from a backup's archives: those of a vApp together, all or none, the others one by one. What fails does not stop the
/// rest, and is told.
/// </summary>
internal sealed class BackupRestore(PoolServices pool, MetadataBackups backups, Recoverer recoverer)
{
    /// <summary>What to bring back, and how.</summary>
    /// <param name="Date">The backup's date; empty for the newest.</param>
    /// <param name="OneSr">Whether only VMs with a disk on the SR are wanted, and no names.</param>
    /// <param name="Force">Whether copies here give way that are not older.</param>
    /// <param name="DryRun">Whether only to say what would happen.</param>
    public sealed record Wish(string Date, bool OneSr, bool Force, bool DryRun);

    /// <summary>
    /// What became of one thing: class, UUID and name, <c>restored</c> or <c>would-restore</c>, <c>failed</c>; the reason, or what is to be
    /// known.
    /// </summary>
    public sealed record Outcome(string Class, string Uuid, string Name, string Result, string Detail);

    /// <summary>Restores.</summary>
    /// <exception cref="XenApiException"><c>IMPORT_ERROR</c>: there is no such backup.</exception>
    public Task<IReadOnlyList<Outcome>> RunAsync(Ref<SrRecord> sr, string vdiUuid, Wish wish, CancellationToken cancellationToken) =>
        backups.ReadAsync<IReadOnlyList<Outcome>>(
            sr, vdiUuid, volume => RestoreAsync(pool.State.Get(sr).Uuid, volume, wish, cancellationToken), cancellationToken);

    private async Task<IReadOnlyList<Outcome>> RestoreAsync(
        string srUuid, BackupVolume volume, Wish wish, CancellationToken cancellationToken)
    {
        var dates = await volume.DatesAsync(cancellationToken);
        var date = dates.Where(d => wish.Date.Length == 0 || d == wish.Date).FirstOrDefault();
        if (date is null)
        {
            throw new XenApiException(
                "IMPORT_ERROR",
                wish.Date.Length == 0
                    ? "the disk holds no backup yet"
                    : $"there is no backup of {XmlText.Clean(wish.Date)}; metadata-backup-list has those there are");
        }

        var outcomes = new List<Outcome>();
        var state = await OpenAsync(volume, date, date == dates[0], outcomes, cancellationToken);
        var wanted = VmArchive.Vms(state).Where(v => !wish.OneSr || state.Get(v).Vbds.Select(state.Find).OfType<VbdRecord>()
            .Any(b => state.Find(b.Vdi) is { } vdi && state.Find(vdi.Sr)?.Uuid == srUuid)).ToList();
        foreach (var group in Groups(state, wanted))
        {
            await RestoreAsync(state, group, wish, outcomes, cancellationToken);
        }

        if (!wish.OneSr && await volume.SrNamesAsync(date, cancellationToken) is { } names)
        {
            await RenameAsync(SrNames.Read((await volume.ExtractAsync([names], cancellationToken))[0]), wish, outcomes, cancellationToken);
        }

        return outcomes;
    }

    /// <summary>All archives of a date as one database, with the vApps from the pool's database of that date.</summary>
    private async Task<DatabaseState> OpenAsync(
        BackupVolume volume, string date, bool isNewest, List<Outcome> outcomes, CancellationToken cancellationToken)
    {
        var files = await volume.ArchivesAsync(date, cancellationToken);
        var archives = new List<VmArchive>();
        foreach (var (file, copy) in files.Zip(await volume.ExtractAsync(files, cancellationToken)))
        {
            try
            {
                await using var archive = new FileStream(copy, FileMode.Open, FileAccess.Read);
                archives.Add(await Task.Run(() => ArchiveReader.Read(archive), cancellationToken));
            }
            catch (XenApiException unreadable)
            {
                outcomes.Add(new("VM", file.Name[..^BackupLayout.ArchiveSuffix.Length], "", "failed", ErrorSentences.Of(unreadable)));
            }
        }

        DumpTable? appliances = null;
        if (await volume.DatabaseAsync(date, isNewest, cancellationToken) is { } database)
        {
            try
            {
                var dump = DumpReader.ReadFile((await volume.ExtractAsync([database], cancellationToken))[0]);
                appliances = dump.FindTable(VmApplianceRecord.Declaration.Name);
            }
            catch (DumpFormatException unreadable)
            {
                outcomes.Add(
                    new(
                        "pool", "", database.Name, "failed",
                        $"The pool's database in the backup can't be read, so vApps are not restored: {unreadable.Message}"));
            }
        }

        return pool.KeyRing.Open(VmArchive.Open(archives, appliances));
    }

    private static IEnumerable<(Ref<VmApplianceRecord>? Appliance, List<Ref<VmRecord>> Vms)> Groups(
        DatabaseState state, List<Ref<VmRecord>> wanted)
    {
        foreach (var group in wanted.GroupBy(v => state.Get(v).Appliance))
        {
            // A part of a vApp would put out the members here that are not in it.
            if (state.Find(group.Key) is { } appliance && appliance.Vms.All(wanted.Contains))
            {
                yield return (group.Key, [.. group]);
                continue;
            }

            foreach (var vm in group)
            {
                yield return (null, [vm]);
            }
        }
    }

    private async Task RestoreAsync(
        DatabaseState state, (Ref<VmApplianceRecord>? Appliance, List<Ref<VmRecord>> Vms) group, Wish wish, List<Outcome> outcomes,
        CancellationToken cancellationToken)
    {
        var options = new RecoveryOptions { Force = wish.Force, IsUnproven = true };
        string result;
        ImmutableArray<(string VmUuid, string Text)> notices = [];
        var detail = "";
        try
        {
            var outcome = wish.DryRun
                ? await recoverer.TryAsync(state, group.Vms, group.Appliance, options, cancellationToken)
                : await recoverer.RunAsync(state, group.Vms, group.Appliance, options, cancellationToken);
            (result, notices) = (wish.DryRun ? "would-restore" : "restored", outcome.Notices);
        }
        catch (XenApiException refused)
        {
            (result, detail) = ("failed", ErrorSentences.Of(refused));
        }

        if (state.Find(group.Appliance ?? default) is { } appliance)
        {
            outcomes.Add(new("VM_appliance", appliance.Uuid, appliance.NameLabel, result, detail));
        }

        outcomes.AddRange(group.Vms.Select(state.Get).Select(vm => new Outcome(
            "VM", vm.Uuid, vm.NameLabel, result,
            detail.Length > 0 ? detail : string.Join(' ', notices.Where(n => n.VmUuid == vm.Uuid).Select(n => n.Text)))));
    }

    private async Task RenameAsync(
        IReadOnlyList<(bool IsSr, string Uuid, string Label, string Description)> names, Wish wish, List<Outcome> outcomes,
        CancellationToken cancellationToken)
    {
        var renamed = wish.DryRun
            ? SrNames.Apply(new Transaction(pool.State, Guid.NewGuid), names)
            : await pool.Database.WriteAsync(tx => SrNames.Apply(tx, names), cancellationToken);
        outcomes.AddRange(
            renamed.Select(r => new Outcome(r.Class, r.Uuid, r.Label, wish.DryRun ? "would-restore" : "restored", "name and description")));
    }
}
