using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Starts the VMs of a host that is lost on others, where an operator has said that it is dead and that they shall run: in ascending
/// <c>order</c> and with their delays. Which they are stands in the pool's record from the same change on that takes the host for dead, so
/// whoever coordinates the pool goes on with them.
/// </summary>
internal sealed class LossStart : IAsyncDisposable
{
    private readonly PoolServices _pool;
    private readonly StartTries _tries;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, int> _attempts = []; // by UUID; whoever has the turn counts them
    private Worker? _worker;

    public LossStart(PoolServices pool, VmStartCalls start)
    {
        _pool = pool;
        _tries = new(pool, start, (vm, why) => new Announcement.NotStartedElsewhere(
            vm.Uuid, $"{vm.NameLabel} ({vm.Uuid}), whose host was lost, could not be started on another: {why}"));
    }

    /// <summary>Has VMs wait to be started.</summary>
    public static void Add(Transaction tx, Ref<PoolRecord> pool, IEnumerable<Ref<VmRecord>> vms) =>
        Note(tx, pool, [.. Waiting(tx.Get(pool)), .. vms.Select(vm => tx.Get(vm).Uuid)]);

    /// <summary>Those that wait and are off, in tiers. Pure.</summary>
    public static IReadOnlyList<IReadOnlyList<Ref<VmRecord>>> Tiers(DatabaseState state, PoolRecord pool) =>
    [
        .. Waiting(pool).Select(state.FindByUuid<VmRecord>)
            .Where(vm => state.Find(vm) is { PowerState: VmPowerState.Halted })
            .GroupBy(vm => state.Get(vm).Order).OrderBy(tier => tier.Key).Select(tier => tier.ToList()),
    ];

    /// <summary>Goes on with what an earlier daemon has left, and from now on with what is left of each try.</summary>
    public void Begin() => _worker = new(
        "The start of VMs whose host was lost", StartTries.AgainAfter, _pool.Time, _pool.Loggers.CreateLogger<LossStart>(),
        isFirstAtOnce: true, TryAsync);

    /// <summary>Tries all that wait.</summary>
    /// <returns>Why those do not run that don't; empty text for one that does.</returns>
    public async Task<ImmutableSortedDictionary<Ref<VmRecord>, string>> TryAsync(CancellationToken stopping)
    {
        await _turn.WaitAsync(stopping);
        try
        {
            var went = ImmutableSortedDictionary.CreateBuilder<Ref<VmRecord>, string>();
            foreach (var tier in Tiers(_pool.State, _pool.State.Get(_pool.Pool)))
            {
                var tried = await Task.WhenAll(tier.Select(vm => TryOneAsync(vm, stopping)));
                went.AddRange(tried.Select(t => KeyValuePair.Create(t.Vm, t.Why)));
                await ForgetAsync(tried.Where(t => t.Why.Length == 0 || IsGivenUp(t.Vm)).Select(t => Uuid(t.Vm)), stopping);
            }

            // Somebody may have started or removed the others meanwhile.
            var (state, pool) = (_pool.State, _pool.State.Get(_pool.Pool));
            await ForgetAsync(Waiting(pool).Except(Tiers(state, pool).SelectMany(tier => tier).Select(vm => state.Get(vm).Uuid)), stopping);
            return went.ToImmutable();
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.DisposeAsync();
        }

        _turn.Dispose();
    }

    private static ImmutableSortedSet<string> Waiting(PoolRecord pool) => NotedList.Of(pool.OtherConfig, Marks.StartElsewhere);

    private static void Note(Transaction tx, Ref<PoolRecord> pool, ImmutableSortedSet<string> waiting) =>
        tx.Update(pool, p => p with { OtherConfig = NotedList.With(p.OtherConfig, Marks.StartElsewhere, waiting) });

    // Counts before it waits for anything: one after the other, also of VMs that are started at once.
    private async Task<(Ref<VmRecord> Vm, string Why)> TryOneAsync(Ref<VmRecord> vm, CancellationToken stopping)
    {
        var uuid = Uuid(vm);
        var attempt = _attempts[uuid] = _attempts.GetValueOrDefault(uuid) + 1;
        return (vm, await _tries.TryAsync(vm, attempt, stopping));
    }

    private bool IsGivenUp(Ref<VmRecord> vm) => _attempts.GetValueOrDefault(Uuid(vm)) >= StartTries.Most;

    private async Task ForgetAsync(IEnumerable<string> uuids, CancellationToken stopping)
    {
        var over = uuids.ToImmutableHashSet();
        if (over.IsEmpty)
        {
            return;
        }

        await _pool.Database.WriteAsync(tx => Note(tx, _pool.Pool, Waiting(tx.Get(_pool.Pool)).Except(over)), stopping);
        foreach (var uuid in over)
        {
            _attempts.Remove(uuid);
        }
    }

    private string Uuid(Ref<VmRecord> vm) => _pool.State.Find(vm)?.Uuid ?? "";
}
