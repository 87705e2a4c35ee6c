using Redoubt.Console.Parts;
using Redoubt.Database;
using Redoubt.XenApi;
using T = Redoubt.Console.Hosts.HostsText;

namespace Redoubt.Console.Hosts;

/// <summary>A host as a list shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="TotalBytes">Its memory; 0 if it never said.</param>
/// <param name="FreeBytes">What of that VMs could have, as it said last; null if that is not known.</param>
/// <param name="IsSilent">Whether it does not answer now.</param>
/// <param name="IsCoordinator">Whether it serves the pool.</param>
/// <param name="Vms">The VMs that run there, by name.</param>
internal sealed record HostRow(
    Ref<HostRecord> Ref, HostRecord Record, long TotalBytes, long? FreeBytes, bool IsSilent, bool IsCoordinator,
    IReadOnlyList<(string Uuid, string Name)> Vms) : ISortedRow<HostColumn>
{
    /// <inheritdoc/>
    public string Name => Record.NameLabel.Length > 0 ? Record.NameLabel : Record.Uuid;

    /// <summary>Whether it takes VMs, and what shows that.</summary>
    public (string Kind, string Text) Standing =>
        IsSilent ? ("bad", T.Silent) : Record.Enabled ? ("ok", T.Enabled) : ("warn", T.Disabled);

    /// <summary>Its memory in words.</summary>
    public string Memory => FreeBytes is { } free && TotalBytes > 0
        ? T.Free(Spans.Bytes(free), Spans.Bytes(TotalBytes)) : T.NotKnown;

    /// <summary>All there are.</summary>
    /// <param name="state">The pool's database.</param>
    /// <param name="pool">Its record.</param>
    /// <param name="answers">Whether a host answers now.</param>
    public static List<HostRow> All(DatabaseState state, Ref<PoolRecord> pool, Func<Ref<HostRecord>, bool> answers)
    {
        var there = state.All<VmRecord>().ToLookup(v => v.Record.ResidentOn, v => v.Ref);
        var coordinator = state.Get(pool).Master;
        return
        [
            .. state.All<HostRecord>().Select(h => Of(
                state, h.Ref, h.Record, !answers(h.Ref), h.Ref == coordinator, VmUsers.Of(state, there[h.Ref]).Shown)),
        ];
    }

    /// <inheritdoc/>
    public bool Matches(string text) => text.Length == 0 || Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || Record.Address.Contains(text, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IComparable Key(HostColumn column) => column switch
    {
        HostColumn.Name => Name,
        HostColumn.Address => Record.Address,
        HostColumn.State => Standing.Text,
        HostColumn.Memory => FreeBytes ?? -1,
        HostColumn.Vms => Vms.Count,
    };

    // Of one that is silent it is not known any more, and of one that was never asked not yet.
    private static HostRow Of(
        DatabaseState state, Ref<HostRecord> host, HostRecord record, bool isSilent, bool isCoordinator,
        IReadOnlyList<(string Uuid, string Name)> vms)
    {
        var metrics = state.Find(record.Metrics);
        return new(
            host, record, metrics?.MemoryTotal ?? 0, !isSilent && metrics is { MemoryFree: > 0 and var free } ? free : null, isSilent,
            isCoordinator, vms);
    }
}
