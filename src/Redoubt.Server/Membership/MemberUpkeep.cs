using System.Collections.Immutable;
using Redoubt.Agreement;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>Has the database say which of the pool's hosts are there.</summary>
internal static class MemberUpkeep
{
    /// <summary>
    /// Notes of each host other than this one whether it is up. A member's daemon that ends, or is cut off from the majority, stands for
    /// the election no longer than its lease.
    /// </summary>
    public static async Task NoteLiveAsync(PoolServices pool, ImmutableArray<Standing> standing, CancellationToken cancellationToken)
    {
        var up = standing.Select(s => s.Host).ToHashSet();
        var changed = pool.State.All<HostRecord>()
            .Where(h => h.Ref != pool.Hosts.Local.Host)
            .Where(h => pool.State.Find(h.Record.Metrics) is { } metrics && metrics.Live != up.Contains(h.Record.Uuid))
            .ToList();
        if (changed.Count == 0)
        {
            return;
        }

        var now = pool.Time.GetUtcNow();
        await pool.Database.WriteAsync(
            tx =>
            {
                foreach (var (host, record) in changed.Where(h => tx.Find(h.Ref) is not null))
                {
                    tx.Update(tx.Get(host).Metrics, m => m with { Live = up.Contains(record.Uuid), LastUpdated = now });
                }
            },
            cancellationToken);
        foreach (var (_, record) in changed)
        {
            await pool.PostAsync(
                up.Contains(record.Uuid)
                    ? new Announcement.MemberBack(record.Uuid, record.NameLabel)
                    : new Announcement.MemberLost(record.Uuid, record.NameLabel));
        }
    }
}
