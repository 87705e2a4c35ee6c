using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Decides what a history lets go. Pure: from the entries, the time and the space alone.
/// <code>
/// age                 kept of each pool, as space allows
/// up to an hour       all
/// up to two days      the last of each hour
/// up to 60 days       the last of each day
/// older               none, but for the newest ten, which are kept whatever their age
/// </code>
/// The age of a state is the time that passed after it as far as the states themselves show: the steps from each to the next are added up,
/// and a step back, or of more than three days, counts for nothing. Nobody knows then whether time has passed or a clock has jumped, and a
/// clock that was twenty years ahead for one start must not thin everything away. The state before a fall is kept beyond that. A fall is
/// when every later state has less than half the VMs; such a state outlives all that is not of this kind, and one after which no VM is left
/// is never too old. So a pool that lost its VMs cannot push out the states in which it had them, however often it is written and though
/// someone has made a VM or two since.
/// </summary>
/// <remarks>
/// Hours and days are those of the clock, in UTC, so that what is kept does not depend on when the history was thinned before.
/// Which state is later the numbers of the entries say: a clock may have been put back.
/// </remarks>
public static class HistoryThinning
{
    private static readonly TimeSpan All = TimeSpan.FromHours(1);
    private static readonly TimeSpan Hourly = TimeSpan.FromDays(2);
    private static readonly TimeSpan Daily = TimeSpan.FromDays(60);
    private static readonly TimeSpan LongestStep = TimeSpan.FromDays(3);
    private const int Newest = 10;

    /// <summary>What to drop. May be the newest entry, when only states before a fall could make way for it.</summary>
    public static ImmutableArray<HistoryEntry> Drop(IReadOnlyCollection<HistoryEntry> entries, DateTimeOffset now, HistorySpace space)
    {
        var drop = ImmutableArray.CreateBuilder<HistoryEntry>();
        var kept = new List<HistoryEntry>();
        var beforeFall = new HashSet<HistoryEntry>(ReferenceEqualityComparer.Instance);
        foreach (var pool in entries.GroupBy(e => e.Pool.Uuid))
        {
            var newestFirst = pool.OrderByDescending(e => e.Id).ToList();
            var (most, later, age, newer) = (0, (HistoryEntry?)null, TimeSpan.Zero, 0);
            foreach (var entry in newestFirst)
            {
                var step = (later?.WrittenAt ?? now) - entry.WrittenAt;
                age += step > TimeSpan.Zero && step <= LongestStep ? step : TimeSpan.Zero;
                var isBeforeFall = entry.Vms > 0 && most < (entry.Vms + 1) / 2 && (age <= Daily || most == 0);
                if (isBeforeFall)
                    beforeFall.Add(entry);
                if (isBeforeFall || newer++ < Newest || IsOfUse(entry, age, later))
                    kept.Add(entry);
                else
                    drop.Add(entry);
                (most, later) = (Math.Max(most, entry.Vms), entry);
            }
        }

        // What is worth least goes first, until the rest fits: the old, then states before a fall by how little they had.
        var byWorth = kept
            .OrderBy(e => beforeFall.Contains(e)).ThenBy(e => beforeFall.Contains(e) ? e.Vms : 0).ThenBy(e => e.Id).ToList();
        var (blocks, count) = (kept.Sum(e => (long)space.BlocksFor(e.StoredBytes)), kept.Count);
        foreach (var entry in byWorth.TakeWhile(_ => blocks > space.Blocks || count > space.Entries))
        {
            drop.Add(entry);
            (blocks, count) = (blocks - space.BlocksFor(entry.StoredBytes), count - 1);
        }

        return drop.ToImmutable();
    }

    private static bool IsOfUse(HistoryEntry entry, TimeSpan age, HistoryEntry? later) =>
        age <= All
            || (age <= Hourly ? !InSame(entry, later, TimeSpan.TicksPerHour) : age <= Daily && !InSame(entry, later, TimeSpan.TicksPerDay));

    private static bool InSame(HistoryEntry entry, HistoryEntry? later, long ticks) =>
        later is not null && entry.WrittenAt.UtcTicks / ticks == later.WrittenAt.UtcTicks / ticks;
}
