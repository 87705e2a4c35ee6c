using Redoubt.Database;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Pool.Restoring;

/// <summary>
/// The database that a restore leads to: the backup's tables, but for what describes this machine, with this host in the place of the
/// backup's coordinator, and with nothing running. Pure.
/// </summary>
internal static class RestoreTarget
{
    public static DatabaseState Of(DatabaseState here, RestoreMapping mapping, Ref<PoolRecord> pool, Ref<HostRecord> host)
    {
        var ours = StateDump.ToDump(here);
        var theirs = StateDump.ToDump(mapping.Backup);
        var control = RestoreMapping.ControlDomain(here, host);
        var tables = DataModel.Classes.Values.Where(c => c.Kind == ClassKind.Persistent).Select(model => new DumpTable(
            model.Name,
            MachineTables.Contains(model.Name)
                ? ours.FindTable(model.Name)!.Rows
                : theirs.FindTable(model.Name)!.Rows.Where(r => Stays(mapping, model, r)).Select(r => Known(model, mapping.Apply(r)))
                    .Concat(Own(here, ours, model, host, control)).GroupBy(r => r.Ref).Select(g => g.Last())));
        var merged = StateDump.FromDump(
            new DatabaseDump(new DumpManifest(DataModel.SchemaMajor, DataModel.SchemaMinor, here.Generation), tables));
        return AtRest(merged, here, mapping, pool, host);
    }

    /// <summary>Whether a row of the backup has a place here: other hosts have none, nor has what belongs to them.</summary>
    private static bool Stays(RestoreMapping mapping, ClassModel model, DumpRow row)
    {
        var backup = mapping.Backup;
        switch (model.Name)
        {
            case "host": return row.Ref == mapping.Coordinator.Opaque;
            case "VM": return !backup.Get(new Ref<VmRecord>(row.Ref)).IsControlDomain;
            case "VM_metrics": return !mapping.ControlMetrics.Contains(row.Ref);
            case "PBD": return backup.Get(new Ref<PbdRecord>(row.Ref)).Host == mapping.Coordinator;
            case "VBD": return backup.Find(backup.Get(new Ref<VbdRecord>(row.Ref)).Vm) is not { IsControlDomain: true };
            case "VIF": return backup.Find(backup.Get(new Ref<VifRecord>(row.Ref)).Vm) is not { IsControlDomain: true };
            default: return true;
        }
    }

    /// <summary>The rows of this machine in tables that are otherwise the backup's.</summary>
    private static IEnumerable<DumpRow> Own(
        DatabaseState here, DatabaseDump ours, ClassModel model, Ref<HostRecord> host, Ref<VmRecord> control)
    {
        var reference = model.Name switch
        {
            "host" => host.Opaque,
            "VM" => control.Opaque,
            "VM_metrics" => here.Find(control)?.Metrics.Opaque,
            _ => null,
        };
        return reference is not null && ours.FindTable(model.Name)!.FindRow(reference) is { } row ? [row] : [];
    }

    // A column that this version does not know can't be written to a journal whose rows lack it.
    private static DumpRow Known(ClassModel model, DumpRow row) =>
        row with { Columns = RowColumns.From(row.Columns.Where(c => c.Key == "_ref" || model.FindColumn(c.Key) is not null)) };

    private static DatabaseState AtRest(
        DatabaseState merged, DatabaseState here, RestoreMapping mapping, Ref<PoolRecord> pool, Ref<HostRecord> host)
    {
        var tx = new Transaction(merged, Guid.NewGuid);
        tx.Update(pool, p => p with
        {
            Master = host,
            HaEnabled = false,
            RedoLogEnabled = false,
            RedoLogVdi = default,

            // What was to start when the backup was made need not be what is to start now.
            OtherConfig = p.OtherConfig.Remove(Marks.StartElsewhere),
        });
        var theirs = mapping.Backup.Get(mapping.Coordinator);
        tx.Update(host, h => h with
        {
            NameLabel = theirs.NameLabel,
            NameDescription = theirs.NameDescription,
            OtherConfig = theirs.OtherConfig,
            Tags = theirs.Tags,
            SuspendImageSr = theirs.SuspendImageSr,
            CrashDumpSr = theirs.CrashDumpSr,
        });
        var control = RestoreMapping.ControlDomain(here, host);
        foreach (var (reference, vm) in merged.All<VmRecord>().Where(v => v.Ref != control))
        {
            tx.Update(reference, v => v with
            {
                PowerState = v.PowerState is VmPowerState.Suspended or VmPowerState.Halted ? v.PowerState : VmPowerState.Halted,
                ResidentOn = default,
                ScheduledToBeResidentOn = default,
                Affinity = merged.Find(v.Affinity) is null ? default : v.Affinity,
                Domid = -1,
            });
        }

        foreach (var (reference, vbd) in merged.All<VbdRecord>().Where(b => b.Record.CurrentlyAttached && b.Record.Vm != control))
        {
            tx.Update(reference, b => b with { CurrentlyAttached = false });
        }

        foreach (var (reference, vif) in merged.All<VifRecord>().Where(v => v.Record.CurrentlyAttached && v.Record.Vm != control))
        {
            tx.Update(reference, v => v with { CurrentlyAttached = false });
        }

        return tx.State;
    }
}
