using System.Collections.Immutable;
using Redoubt.Agreement;
using Redoubt.Database;
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
        var up = standing.DistinctBy(s => s.Host).ToDictionary(s => s.Host, s => s.Address);
        await NoteAddressesAsync(pool, up, cancellationToken);
        var changed = pool.State.All<HostRecord>()
            .Where(h => h.Ref != pool.Hosts.Local.Host)
            .Where(h => pool.State.Find(h.Record.Metrics) is { } metrics && metrics.Live != up.ContainsKey(h.Record.Uuid))
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
                    tx.Update(tx.Get(host).Metrics, m => m with { Live = up.ContainsKey(record.Uuid), LastUpdated = now });
                }
            },
            cancellationToken);
        foreach (var (_, record) in changed)
        {
            await pool.PostAsync(
                up.ContainsKey(record.Uuid)
                    ? new Announcement.MemberBack(record.Uuid, record.NameLabel)
                    : new Announcement.MemberLost(record.Uuid, record.NameLabel));
        }
    }

    /// <summary>Those of the members that are no hosts, and have started.</summary>
    public static List<EtcdPeer> WitnessesAmong(DatabaseState state, IEnumerable<EtcdPeer> members) =>
        [.. members.Where(m => m.Name.Length > 0 && state.FindByUuid<HostRecord>(m.Name).IsNull)];

    /// <summary>Tells people of a witness that is lost, and when it is back.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="witnesses">Its witnesses.</param>
    /// <param name="live">Those that are there.</param>
    /// <param name="lost">Those that people have been told of.</param>
    /// <returns>Those that they have been told of then.</returns>
    public static async Task<ImmutableHashSet<string>> NoteWitnessesAsync(
        PoolServices pool, List<EtcdPeer> witnesses, ImmutableHashSet<string> live, ImmutableHashSet<string> lost)
    {
        foreach (var witness in witnesses.Where(w => live.Contains(w.Name) == lost.Contains(w.Name)))
        {
            await pool.PostAsync(
                live.Contains(witness.Name)
                    ? new Announcement.WitnessBack(pool.PoolUuid, witness.Name)
                    : new Announcement.WitnessLost(pool.PoolUuid, witness.Name, witness.Url.Authority));
        }

        return [.. witnesses.Select(w => w.Name).Where(n => !live.Contains(n))];
    }

    // For when they are to be told that this one coordinates, and stand for nothing.
    private static async Task NoteAddressesAsync(PoolServices pool, Dictionary<string, string> up, CancellationToken cancellationToken)
    {
        var moved = pool.State.All<HostRecord>()
            .Where(h => up.TryGetValue(h.Record.Uuid, out var address)
                && h.Record.OtherConfig.GetValueOrDefault(MemberHosts.AddressKey) != address)
            .Select(h => (h.Ref, Address: up[h.Record.Uuid])).ToList();
        if (moved.Count > 0)
        {
            await pool.Database.WriteAsync(
                tx =>
                {
                    foreach (var (host, address) in moved.Where(m => tx.Find(m.Ref) is not null))
                    {
                        tx.Update(host, h => h with { OtherConfig = h.OtherConfig.SetItem(MemberHosts.AddressKey, address) });
                    }
                },
                cancellationToken);
        }
    }
}
