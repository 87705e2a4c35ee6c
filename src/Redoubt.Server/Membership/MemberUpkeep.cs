using System.Collections.Immutable;
using Redoubt.Agreement;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Membership;

/// <summary>Has the database say which of the pool's hosts are there.</summary>
internal static class MemberUpkeep
{
    private const string LostWitnesses = "lost-witnesses";

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
                    var isUp = up.ContainsKey(record.Uuid);
                    tx.Update(tx.Get(host).Metrics, m => m with { Live = isUp, LastUpdated = now });
                    MessageLog.Add(
                        tx,
                        isUp
                            ? new Announcement.MemberBack(record.Uuid, record.NameLabel)
                            : new Announcement.MemberLost(record.Uuid, record.NameLabel),
                        now);
                }
            },
            cancellationToken);
    }

    /// <summary>Those of the members that are no hosts, and have started.</summary>
    public static List<EtcdPeer> WitnessesAmong(DatabaseState state, IEnumerable<EtcdPeer> members) =>
        [.. members.Where(m => m.Name.Length > 0 && state.FindByUuid<HostRecord>(m.Name).IsNull)];

    /// <summary>
    /// Tells people of a witness that is lost, and when it is back. Of which they have been told the database knows, for another
    /// coordinator may be the one that sees it come back.
    /// </summary>
    /// <param name="pool">The pool.</param>
    /// <param name="witnesses">Its witnesses.</param>
    /// <param name="live">Those that are there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task NoteWitnessesAsync(
        PoolServices pool, List<EtcdPeer> witnesses, ImmutableHashSet<string> live, CancellationToken cancellationToken)
    {
        var lost = witnesses.Select(w => w.Name).Where(n => !live.Contains(n)).ToImmutableSortedSet();
        if (Told(pool.State.Get(pool.Pool)).SetEquals(lost))
        {
            return;
        }

        var now = pool.Time.GetUtcNow();
        await pool.Database.WriteAsync(
            tx =>
            {
                var told = Told(tx.Get(pool.Pool));
                foreach (var witness in witnesses.Where(w => told.Contains(w.Name) != lost.Contains(w.Name)))
                {
                    MessageLog.Add(
                        tx,
                        lost.Contains(witness.Name)
                            ? new Announcement.WitnessLost(pool.PoolUuid, witness.Name, witness.Url.Authority)
                            : new Announcement.WitnessBack(pool.PoolUuid, witness.Name),
                        now);
                }

                tx.Update(pool.Pool, p => p with { OtherConfig = NotedList.With(p.OtherConfig, LostWitnesses, lost) });
            },
            cancellationToken);
    }

    private static ImmutableSortedSet<string> Told(PoolRecord pool) => NotedList.Of(pool.OtherConfig, LostWitnesses);

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
