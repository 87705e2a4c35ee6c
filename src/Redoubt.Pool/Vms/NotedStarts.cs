using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Starts VMs that the database notes as still to be started: in ascending <c>order</c> and with their delays, again and again for a while.
/// Since they are noted there, whoever coordinates the pool next goes on with them.
/// </summary>
/// <param name="name">What it does, for the log.</param>
/// <param name="pool">The pool.</param>
/// <param name="tries">Starts one.</param>
/// <param name="waiting">The UUIDs of those that wait and of whose guests it is known whether they run.</param>
/// <param name="isMeant">Whether one that waits is still to be started.</param>
/// <param name="forget">Notes that some, by UUID, wait no longer.</param>
internal sealed class NotedStarts(
    string name, PoolServices pool, StartTries tries, Func<DatabaseState, ImmutableSortedSet<string>> waiting,
    Func<DatabaseState, VmRecord, bool> isMeant, Action<Transaction, ImmutableHashSet<string>> forget) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ConcurrentDictionary<string, int> _attempts = []; // by UUID
    private Worker? _worker;

    /// <summary>Goes on with what an earlier daemon has left, and from now on with what is left of each try.</summary>
    public void Begin() => _worker = new(
        name, StartTries.AgainAfter, pool.Time, pool.Loggers.CreateLogger<NotedStarts>(), isFirstAtOnce: true, TryAsync);

    /// <summary>Has it look at once whether any wait, if it has begun.</summary>
    public void Wake() => _worker?.Wake();

    /// <summary>Tries all that wait.</summary>
    /// <returns>Why those do not run that don't; empty text for one that does.</returns>
    public async Task<ImmutableSortedDictionary<Ref<VmRecord>, string>> TryAsync(CancellationToken stopping)
    {
        await _turn.WaitAsync(stopping);
        try
        {
            var went = ImmutableSortedDictionary.CreateBuilder<Ref<VmRecord>, string>();
            foreach (var tier in Tiers(pool.State))
            {
                var tried = await Task.WhenAll(tier.Select(vm => TryOneAsync(vm, stopping)));
                went.AddRange(tried.Select(t => KeyValuePair.Create(t.Vm, t.Why)));
            }

            // Somebody may have started or removed the others meanwhile, or want them to stay off.
            var state = pool.State;
            await ForgetAsync([.. waiting(state).Except(Tiers(state).SelectMany(tier => tier).Select(vm => state.Get(vm).Uuid))]);
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

    private List<List<Ref<VmRecord>>> Tiers(DatabaseState state) =>
    [
        .. waiting(state).Select(state.FindByUuid<VmRecord>)
            .Where(vm => state.Find(vm) is { PowerState: VmPowerState.Halted } record && isMeant(state, record))
            .GroupBy(vm => state.Get(vm).Order).OrderBy(tier => tier.Key).Select(tier => tier.ToList()),
    ];

    private async Task<(Ref<VmRecord> Vm, string Why)> TryOneAsync(Ref<VmRecord> vm, CancellationToken stopping)
    {
        var uuid = Uuid(vm);
        var attempt = _attempts.AddOrUpdate(uuid, 1, (_, before) => before + 1);
        var why = await tries.TryAsync(vm, attempt, stopping);
        if (why.Length == 0 || attempt >= StartTries.Most)
        {
            await ForgetAsync([uuid]);
        }

        return (vm, why);
    }

    // Whoever stops the daemon does not have a VM started twice, so each is forgotten by itself, and as soon as it runs.
    private async Task ForgetAsync(ImmutableHashSet<string> over)
    {
        if (!over.IsEmpty)
        {
            await pool.Database.WriteAsync(tx => forget(tx, over), CancellationToken.None);
            over.ToList().ForEach(uuid => _attempts.TryRemove(uuid, out _));
        }
    }

    private string Uuid(Ref<VmRecord> vm) => pool.State.Find(vm)?.Uuid ?? "";
}
