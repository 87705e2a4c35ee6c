using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>How long the copies of the database on SRs have not been written.</summary>
public static class CopyAges
{
    /// <summary>By the SR's UUID; null where it is not known. An SR that is in no list has no copy that is written.</summary>
    public static IReadOnlyDictionary<string, TimeSpan?> Of(PoolServices pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        var (state, now) = (pool.State, pool.Time.GetUtcNow());
        var ages = new Dictionary<string, TimeSpan?>(StringComparer.Ordinal);
        foreach (var journal in pool.Database.Journals)
        {
            if (state.Find(state.Find(state.FindByUuid<VdiRecord>(journal.Key))?.Sr ?? default) is { } sr)
            {
                ages[sr.Uuid] = Of(journal.Standing, now);
            }
        }

        return ages;
    }

    /// <summary>How long one has not been written: not at all while it is written at every change.</summary>
    public static TimeSpan? Of(JournalStanding standing, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(standing);
        return standing switch
        {
            { Health: JournalHealth.Healthy } => TimeSpan.Zero,
            { Since: { } since } => now > since ? now - since : TimeSpan.Zero,
            _ => null,
        };
    }
}
