using System.Collections;
using System.Collections.Immutable;

namespace Redoubt.Storage.Images;

/// <summary>
/// Where the parts of an image lie that is written from its beginning to its end, by the numbers of their first clusters.
/// </summary>
/// <param name="RefcountTable">The table of refcounts.</param>
/// <param name="Refcounts">The refcounts.</param>
/// <param name="L1">The L1 table.</param>
/// <param name="L2">The L2 tables.</param>
/// <param name="Data">The data.</param>
/// <param name="Clusters">The end.</param>
/// <param name="L2Of">For each entry of the L1 table, which L2 table it leads to; -1: none.</param>
/// <param name="TableOf">For each L2 table, which entry leads to it.</param>
/// <param name="DataBefore">For each L2 table, how many clusters of data come before its own.</param>
internal sealed record Qcow2Layout(
    long RefcountTable, long Refcounts, long L1, long L2, long Data, long Clusters, ImmutableArray<int> L2Of, ImmutableArray<int> TableOf,
    ImmutableArray<long> DataBefore)
{
    private const int Entries = Qcow2Stream.ClusterBytes / sizeof(ulong);
    private const int Refcount = Qcow2Stream.ClusterBytes / sizeof(ushort);

    /// <summary>The layout for a disk of which these clusters have data.</summary>
    public static Qcow2Layout Of(BitArray hasData)
    {
        var (l2Of, tableOf, dataBefore) = (new int[Ceiling(hasData.Length, Entries)], new List<int>(), new List<long>());
        var data = 0L;
        for (var table = 0; table < l2Of.Length; table++)
        {
            var before = data;
            for (var i = table * Entries; i < Math.Min((table + 1L) * Entries, hasData.Length); i++)
            {
                if (hasData[i])
                    data++;
            }

            l2Of[table] = data == before ? -1 : tableOf.Count;
            if (data > before)
            {
                tableOf.Add(table);
                dataBefore.Add(before);
            }
        }

        // The refcounts count themselves.
        var others = 1 + Ceiling(l2Of.Length, Entries) + tableOf.Count + data;
        var (refcounts, table2, clusters) = (0L, 0L, others);
        while (Ceiling(clusters, Refcount) is var needed && needed != refcounts)
            (refcounts, table2, clusters) = (needed, Ceiling(needed, Entries), others + needed + Ceiling(needed, Entries));
        var l1 = 1 + table2 + refcounts;
        var l2 = l1 + Ceiling(l2Of.Length, Entries);
        return new(1, 1 + table2, l1, l2, l2 + tableOf.Count, clusters, [.. l2Of], [.. tableOf], [.. dataBefore]);
    }

    private static long Ceiling(long count, long unit) => (count + unit - 1) / unit;
}
