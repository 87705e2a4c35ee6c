using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The start of the VMs of a host that is lost on others, where an operator has said that it is dead and that they shall run. Which they
/// are stands in the pool's record from the same change on that takes the host for dead.
/// </summary>
internal static class LossStart
{
    /// <summary>What starts them.</summary>
    public static NotedStarts Of(PoolServices pool, VmStartCalls start) => new(
        "The start of VMs whose host was lost",
        pool,
        new(pool, start, (vm, why) => new Announcement.NotStartedElsewhere(
            vm.Uuid, $"{vm.NameLabel} ({vm.Uuid}), whose host was lost, could not be started on another: {why}")),
        state => Waiting(state.Get(pool.Pool)),
        (_, _) => true,
        (tx, over) => Note(tx, pool.Pool, Waiting(tx.Get(pool.Pool)).Except(over)));

    /// <summary>Has VMs wait to be started.</summary>
    public static void Add(Transaction tx, Ref<PoolRecord> pool, IEnumerable<Ref<VmRecord>> vms) =>
        Note(tx, pool, [.. Waiting(tx.Get(pool)), .. vms.Select(vm => tx.Get(vm).Uuid)]);

    private static ImmutableSortedSet<string> Waiting(PoolRecord pool) => NotedList.Of(pool.OtherConfig, Marks.StartElsewhere);

    private static void Note(Transaction tx, Ref<PoolRecord> pool, ImmutableSortedSet<string> waiting) =>
        tx.Update(pool, p => p with { OtherConfig = NotedList.With(p.OtherConfig, Marks.StartElsewhere, waiting) });
}
