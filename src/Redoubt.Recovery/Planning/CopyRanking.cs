using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>
/// The rule of the most recent: a VM is recovered from its newest copy. A copy that was recovered more often is newer; within one pool,
/// the database of the higher generation; between pools, the copy of which a later moment is recorded. Where none of these tells, the
/// operator must say.
/// </summary>
internal static class CopyRanking
{
    /// <param name="copies">All copies of one VM, in the order of the inventory.</param>
    /// <param name="told">The place that the operator named, or null.</param>
    public static (VmCopy? Newest, string Reason) Choose(IReadOnlyList<VmCopy> copies, string? told)
    {
        if (told is not null && copies.FirstOrDefault(c => c.Place == told) is { } asTold)
        {
            return (asTold, "the operator chose this copy");
        }

        if (copies.Count == 1)
        {
            return (copies[0], "the only copy");
        }

        var version = copies.Max(c => c.Vm.Version);
        var newest = copies.Where(c => c.Vm.Version == version).ToList();
        if (newest.Count == 1)
        {
            return (newest[0], string.Create(CultureInfo.InvariantCulture, $"recovered more often: version {version} before {Next(copies, version)}"));
        }

        var pools = newest.GroupBy(c => c.Database.Pool.Uuid).Select(p => NewestOfPool([.. p])).ToList();
        return pools.Count == 1 ? pools[0]
            : pools.Exists(p => p.Newest is null) ? (null, pools.Find(p => p.Newest is null).Reason)
            : NewestOfPools([.. pools.Select(p => p.Newest!)]);
    }

    private static long Next(IEnumerable<VmCopy> copies, long version) => copies.Where(c => c.Vm.Version < version).Max(c => c.Vm.Version);

    private static (VmCopy? Newest, string Reason) NewestOfPool(IReadOnlyList<VmCopy> copies)
    {
        if (copies.Count == 1)
        {
            return (copies[0], $"the only copy of version {copies[0].Vm.Version}");
        }

        if (copies.All(c => c.Volume?.Generation is not null))
        {
            var highest = copies.Max(c => c.Volume!.Generation);
            // Volumes of one generation of one pool hold the same database, so any of them will do.
            return (copies.First(c => c.Volume!.Generation == highest), $"the pool's highest generation, {highest}");
        }

        return copies.FirstOrDefault(c => c.Volume is { IsLatest: true }) is { } latest
            ? (latest, "on the volume that the server found to be the pool's latest")
            : (null, "the same pool and version on several volumes, and nothing says which of them is the latest");
    }

    private static (VmCopy? Newest, string Reason) NewestOfPools(IReadOnlyList<VmCopy> copies)
    {
        if (copies.Any(c => c.Vm.LastRecordedAt is null))
        {
            return (null, "equal versions in several pools, and not for each is a moment recorded");
        }

        var ordered = copies.OrderByDescending(c => c.Vm.LastRecordedAt).ToList();
        return ordered[0].Vm.LastRecordedAt > ordered[1].Vm.LastRecordedAt
            ? (ordered[0], $"equal versions; recorded later: {Moments.Write(ordered[0].Vm.LastRecordedAt!.Value)} after "
                + $"{Moments.Write(ordered[1].Vm.LastRecordedAt!.Value)}")
            : (null, "equal versions in several pools, recorded at the same moment "
                + $"({Moments.Write(ordered[0].Vm.LastRecordedAt!.Value)})");
    }
}
