using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The start of VMs that are to start with their host (<c>other_config:auto_poweron</c> of the pool and of the VM), once for each boot of
/// the host: a daemon that alone is started again starts none. Every check of a start is made.
/// <code>
/// 1 a host answers in another boot than its record names   the record names this one, and the VMs that are to start
/// 2 what its guests do has been seen                       those that are off are started, a tier after the other
/// 3 who could not be started                               is tried again for a while: storage may come up later than the host
/// </code>
/// In a pool of one host those are all that are off. In a pool of several they are those that ran on the host when it was last heard of:
/// which of the others somebody has shut down on purpose the boot of one host does not tell.
/// </summary>
internal static class HostStart
{
    private const string Key = "auto_poweron";

    /// <summary>What starts them.</summary>
    public static NotedStarts Of(PoolServices pool, VmStartCalls start) => new(
        "The start of VMs with their host",
        pool,
        new(pool, start, (vm, why) => new Announcement.NotStartedWithHost(
            Cls.Vm, vm.Uuid, $"{vm.NameLabel} ({vm.Uuid}) could not be started with its host: {why}")),
        state => [.. pool.Hosts.All.Where(h => h.IsTakenUp).SelectMany(h => Waiting(state.Find(h.Host)))],
        (state, vm) => IsAskedFor(state.Get(pool.Pool), vm),
        (tx, over) =>
        {
            foreach (var (host, record) in tx.State.All<HostRecord>().Where(h => !Waiting(h.Record).IsEmpty).ToList())
            {
                Note(tx, host, Waiting(record).Except(over));
            }
        });

    /// <summary>Notes in which boot a host is, and which VMs are to be started with it if it is another than before.</summary>
    /// <param name="tx">The transaction; of what the host's guests do nothing has been seen yet.</param>
    /// <param name="pool">The pool.</param>
    /// <param name="host">The host.</param>
    /// <param name="boot">What tells the boot from another.</param>
    public static void NoteBoot(Transaction tx, Ref<PoolRecord> pool, Ref<HostRecord> host, string boot)
    {
        var before = tx.Get(host).OtherConfig.GetValueOrDefault(Marks.Boot);
        if (before == boot)
        {
            return;
        }

        if (before is not null)
        {
            var isAlone = tx.State.All<HostRecord>().Take(2).Count() == 1;
            Note(tx, host,
            [
                .. tx.State.All<VmRecord>().Select(v => v.Record)
                    .Where(v => IsAskedFor(tx.Get(pool), v) && (isAlone || Hosts.PlaceOf(v) == host)).Select(v => v.Uuid),
            ]);
        }

        // Of a host that was not known before it does not matter whether it has just booted.
        tx.Update(host, h => h with { OtherConfig = h.OtherConfig.SetItem(Marks.Boot, boot) });
    }

    /// <summary>In a database that another one has been put in the place of, leaves hosts in the boots that were known here.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="before">The database that was there; null: none, and whether hosts have booted since does not matter.</param>
    public static void Keep(Transaction tx, DatabaseState? before)
    {
        foreach (var (host, record) in tx.State.All<HostRecord>().ToList())
        {
            var known = before?.Find(before.FindByUuid<HostRecord>(record.Uuid))?.OtherConfig.GetValueOrDefault(Marks.Boot);
            var others = record.OtherConfig.RemoveRange([Marks.Boot, Marks.StartWithHost]);
            tx.Update(host, h => h with { OtherConfig = known is null ? others : others.SetItem(Marks.Boot, known) });
        }
    }

    /// <summary>Has no VM wait for a host any more.</summary>
    public static void Forget(Transaction tx, Ref<HostRecord> host) => Note(tx, host, []);

    private static bool IsAskedFor(PoolRecord pool, VmRecord vm) =>
        vm is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false }
        && pool.OtherConfig.GetValueOrDefault(Key) == "true" && vm.OtherConfig.GetValueOrDefault(Key) == "true";

    private static ImmutableSortedSet<string> Waiting(HostRecord? host) =>
        host is null ? [] : NotedList.Of(host.OtherConfig, Marks.StartWithHost);

    private static void Note(Transaction tx, Ref<HostRecord> host, ImmutableSortedSet<string> waiting) =>
        tx.Update(host, h => h with { OtherConfig = NotedList.With(h.OtherConfig, Marks.StartWithHost, waiting) });
}
