using System.Collections.Immutable;
using Redoubt.Database.Dump;
using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// What an archive of VMs' metadata holds, in the form of a database: a VM is found in it, and recovered from it, as in a lost pool's.
/// </summary>
/// <param name="Tables">The objects. A reference is made of the object's UUID, so that one object has one reference in all
/// archives.</param>
/// <param name="WrittenAt">When the archive was made; empty if it does not say.</param>
/// <param name="Origin">The product and host that made it, in words.</param>
public sealed record VmArchive(ImmutableArray<DumpTable> Tables, string WrittenAt, string Origin)
{
    /// <summary>What the file calls each object, and its reference.</summary>
    public ImmutableDictionary<string, string> References { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>One database of many archives, and of the vApps of the pool that they come from.</summary>
    /// <param name="archives">The archives. Of an object that several have, the first one's record counts.</param>
    /// <param name="appliances">Rows of <c>VM_appliance</c>, which no archive has.</param>
    public static DatabaseState Open(IEnumerable<VmArchive> archives, DumpTable? appliances = null)
    {
        var tables = archives.SelectMany(a => a.Tables).GroupBy(t => t.Name, StringComparer.Ordinal)
            .Select(same => new DumpTable(same.Key, same.SelectMany(t => t.Rows).DistinctBy(r => r.Ref, StringComparer.Ordinal)));
        var all = appliances is null ? tables : tables.Append(appliances);
        return StateDump.FromDump(new DatabaseDump(new DumpManifest(DataModel.SchemaMajor, DataModel.SchemaMinor, 0), all));
    }

    /// <summary>The VMs that the archive is of: neither snapshots nor what one was cloned from. In the order of their names.</summary>
    public static IReadOnlyList<Ref<VmRecord>> Vms(DatabaseState state) =>
    [
        .. state.All<VmRecord>().Where(v => !v.Record.IsASnapshot && !v.Record.IsControlDomain)
            .OrderBy(v => v.Record.NameLabel, StringComparer.Ordinal).ThenBy(v => v.Record.Uuid, StringComparer.Ordinal)
            .Select(v => v.Ref),
    ];
}
