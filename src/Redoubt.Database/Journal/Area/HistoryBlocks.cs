using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>Finds free blocks. Pure.</summary>
internal static class HistoryBlocks
{
    /// <summary>
    /// Free blocks in as many extents as it takes, the first ones first: volumes are sparse, and what was used once is used again before
    /// the volume grows. The default array when there are too few.
    /// </summary>
    public static ImmutableArray<HistoryExtent> Find(IEnumerable<HistoryExtent> used, int needed, int blocks)
    {
        var found = ImmutableArray.CreateBuilder<HistoryExtent>();
        var at = 0;
        foreach (var extent in used.OrderBy(e => e.First).Append(new HistoryExtent(blocks, 0)))
        {
            if (needed > 0 && extent.First > at)
            {
                var count = Math.Min(extent.First - at, needed);
                found.Add(new HistoryExtent(at, count));
                needed -= count;
            }

            at = Math.Max(at, extent.First + extent.Count);
        }

        return needed > 0 ? default : found.ToImmutable();
    }
}
