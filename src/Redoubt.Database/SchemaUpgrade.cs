using Redoubt.XenApi;

namespace Redoubt.Database;

/// <summary>
/// Brings a database that an older version wrote to what the same things are called today, as xapi does when it starts on an older
/// database. Missing tables and columns need nothing: they read as empty and as their defaults. Pure.
/// </summary>
/// <remarks>
/// For databases of others, which are read and not written back: the text of what was read is no longer what <see cref="StateDump.ToDump"/>
/// gives for the rows that are changed here.
/// </remarks>
public static class SchemaUpgrade
{
    /// <summary>The minor version that brought disaster recovery, and gave <c>metadata</c> its meaning (XenServer 6.0).</summary>
    public const int DisasterRecovery = 63;

    /// <summary>The database with today's names.</summary>
    public static DatabaseState Apply(DatabaseState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Origin is not { SchemaMajor: 5, SchemaMinor: < DisasterRecovery })
        {
            return state;
        }

        return Change<VmRecord>(Change<VdiRecord>(state, HaVolume), HaPriority);
    }

    /// <summary>Whether a disk of this database says <c>metadata</c> and means what is called <c>redo_log</c> today.</summary>
    public static bool IsHaVolume(DatabaseState state, VdiRecord vdi) =>
        state.Origin is { SchemaMajor: 5, SchemaMinor: < DisasterRecovery } && vdi.Type is VdiType.Metadata or VdiType.RedoLog;

    // HA's log had the type that replication's volumes took over.
    private static VdiRecord HaVolume(VdiRecord vdi) => vdi.Type == VdiType.Metadata ? vdi with { Type = VdiType.RedoLog } : vdi;

    // The number said both that the VM is restarted and when; since then the second has a field of its own.
    private static VmRecord HaPriority(VmRecord vm) => vm.HaRestartPriority is "0" or "1" or "2" or "3"
        ? vm with { HaRestartPriority = "restart", Order = vm.HaRestartPriority[0] - '0' }
        : vm;

    private static DatabaseState Change<T>(DatabaseState state, Func<T, T> change)
        where T : Record, IRecord<T>, new()
    {
        var table = state.Table(T.Declaration);
        foreach (var row in table.Rows)
        {
            var record = change((T)row.Record);
            if (!ReferenceEquals(record, row.Record))
            {
                table = table.With(row with { Record = record });
            }
        }

        return state.With(table);
    }
}
