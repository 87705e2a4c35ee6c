using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Takes the snapshots that are due by schedules, of one VM of a schedule after the other, and removes those that are too old.
/// <code>
/// 1 due              the moment noted as intended, in one transaction with last_run_time
/// 2 for each VM      its snapshot, marked with schedule and moment; then those beyond retained_snapshots go
/// 3 all were tried   people told; the intention gone
/// </code>
/// A daemon that dies in between finds the intention, and takes what no VM has yet for that moment.
/// </summary>
internal sealed class ScheduledSnapshots(PoolServices pool, VmSnapshotCalls snapshots) : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    // The schedules whose snapshots are being taken, by UUID, and the end of it if it is not a call's.
    private readonly ConcurrentDictionary<string, Task> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private Worker? _worker;

    private ILogger Log => pool.Loggers.CreateLogger<ScheduledSnapshots>();

    /// <summary>Begins to look what is due.</summary>
    public void Start() => _worker = new(
        "The look at when snapshots are due", LookEvery, pool.Time, pool.Loggers.CreateLogger<ScheduledSnapshots>(), isFirstAtOnce: true,
        LookAsync);

    /// <summary>Has it look at once, after a change.</summary>
    public void Wake() => _worker?.Wake();

    /// <summary>Notes from when on a schedule goes by what it says now, if that has changed.</summary>
    public void Begin(Transaction tx, Ref<VmssRecord> reference)
    {
        var schedule = tx.Get(reference);
        var kept = SnapshotDue.Of(tx.Get(pool.Pool).OtherConfig, schedule);
        Keep(tx, schedule, SnapshotDue.Begin(kept, schedule, pool.Time.GetUtcNow(), pool.Time.LocalTimeZone));
    }

    /// <summary>Looks what is due, and begins with it.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (var (reference, schedule) in pool.State.All<VmssRecord>().ToList())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var ended = new TaskCompletionSource();
            if (!_running.TryAdd(schedule.Uuid, ended.Task))
            {
                continue;
            }

            DateTimeOffset? due = null;
            try
            {
                due = await LookAsync(reference, schedule);
            }
            finally
            {
                if (due is { } moment)
                {
                    _ = Task.Run(() => RunAsync(reference, moment, () => End(schedule, ended)), CancellationToken.None);
                }
                else
                {
                    End(schedule, ended);
                }
            }
        }
    }

    /// <summary>Looks what is due, and waits until it is done.</summary>
    internal async Task SettleAsync(CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        await Task.WhenAll(_running.Values);
    }

    /// <summary>Takes a snapshot of each VM of a schedule now; answers which, in words.</summary>
    /// <exception cref="XenApiException">
    /// <c>OTHER_OPERATION_IN_PROGRESS</c>: it is taking some. What kept the first VM from having one; the others have theirs.
    /// </exception>
    public async Task<string> TakeNowAsync(CallContext call, Ref<VmssRecord> reference)
    {
        var schedule = pool.State.Get(reference);
        if (!_running.TryAdd(schedule.Uuid, Task.CompletedTask))
        {
            throw new XenApiException("OTHER_OPERATION_IN_PROGRESS", "VMSS", reference.Opaque, "snapshot", reference.Opaque);
        }

        try
        {
            await pool.Database.WriteAsync(
                tx => tx.Update(reference, s => s with { LastRunTime = pool.Time.GetUtcNow() }), call.Cancellation);
            var (taken, failed) = await TakeAsync(call, reference, due: null);
            return failed.Count > 0 ? throw failed[0].Why : $"Snapshots taken: {taken.Count}.";
        }
        finally
        {
            _running.TryRemove(schedule.Uuid, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_worker?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _stopping.CancelAsync();
        await Task.WhenAll(_running.Values);
        _stopping.Dispose();
    }

    /// <summary>The moment that snapshots of a schedule are to be taken for; null if none are. It is written down by then.</summary>
    private async Task<DateTimeOffset?> LookAsync(Ref<VmssRecord> reference, VmssRecord schedule)
    {
        var (now, zone) = (pool.Time.GetUtcNow(), pool.Time.LocalTimeZone);
        var kept = SnapshotDue.Of(pool.State.Get(pool.Pool).OtherConfig, schedule);
        var (due, missed) = SnapshotDue.Look(kept, schedule, now, zone);
        if (due == kept)
        {
            return due.Intended;
        }

        (due, missed) = await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Find(reference) is not { } current)
                {
                    return (due with { Intended = null }, 0);
                }

                var before = SnapshotDue.Of(tx.Get(pool.Pool).OtherConfig, current);
                var (found, passed) = SnapshotDue.Look(before, current, now, zone);
                Keep(tx, current, found);
                if (found.Intended is not null && found.Intended != before?.Intended)
                {
                    tx.Update(reference, s => s with { LastRunTime = now });
                }

                return (found, passed);
            },
            CancellationToken.None);
        if (missed > 0)
        {
            await pool.PostAsync(new Announcement.SnapshotsMissed(
                schedule.Uuid,
                $"The snapshot schedule {schedule.NameLabel} was due {missed}{(missed == SnapshotDue.MostMissed ? " or more" : "")} times "
                + "while the daemon did not run, or was still taking the snapshots before. They are taken once for all of them."));
        }

        return due.Intended;
    }

    private void Keep(Transaction tx, VmssRecord schedule, SnapshotDue due) => tx.Update(
        pool.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem(SnapshotDue.KeyOf(schedule), due.ToString()) });

    private async Task RunAsync(Ref<VmssRecord> reference, DateTimeOffset due, Action end)
    {
        try
        {
            await TakeAsync(CallContext.OfDaemon(pool, _stopping.Token), reference, due);
            await pool.Database.WriteSurelyAsync(tx =>
            {
                if (tx.Find(reference) is { } schedule
                    && SnapshotDue.Of(tx.Get(pool.Pool).OtherConfig, schedule) is { } kept && kept.Intended == due)
                {
                    Keep(tx, schedule, kept with { Intended = null });
                }
            });
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops. What was intended is written down, and the next one sees to it.
        }
        catch (Exception failed)
        {
            // The next look takes up what was intended.
            Log.LogError(failed, "Snapshots that were due at {Due} could not be taken", due);
        }
        finally
        {
            end();
        }
    }

    private void End(VmssRecord schedule, TaskCompletionSource ended)
    {
        _running.TryRemove(schedule.Uuid, out _);
        ended.SetResult();
    }

    private async Task<(List<Ref<VmRecord>> Taken, List<(VmRecord Vm, Exception Why)> Failed)> TakeAsync(
        CallContext call, Ref<VmssRecord> reference, DateTimeOffset? due)
    {
        var (taken, failed) = (new List<Ref<VmRecord>>(), new List<(VmRecord Vm, Exception Why)>());
        var schedule = pool.State.Get(reference);
        foreach (var vm in schedule.Vms.OrderBy(v => pool.State.Find(v)?.NameLabel, StringComparer.Ordinal).ToList())
        {
            // Which have it may change while those before them are copied.
            if (pool.State.Find(vm) is not { } record || record.SnapshotSchedule != reference
                || HandOverMark.On(record.BlockedOperations) is not null)
            {
                continue;
            }

            try
            {
                if (due is not { } moment || !SnapshotMark.IsTaken(pool.State, record, schedule, moment))
                {
                    taken.Add(await snapshots.TakeAsync(
                        call, vm, NameOf(record, schedule, due ?? pool.Time.GetUtcNow()), [], KindOf(schedule, record),
                        s => SnapshotMark.Put(s, schedule, due)));
                }

                foreach (var old in SnapshotMark.Surplus(pool.State, pool.State.Get(vm), schedule))
                {
                    await RemoveAsync(call, old);
                }
            }
            catch (Exception why) when (!call.Cancellation.IsCancellationRequested)
            {
                // Whatever it was: one VM does not hold up the others.
                failed.Add((record, why));
            }
        }

        await TellAsync(schedule, taken, failed);
        return (taken, failed);
    }

    private async Task RemoveAsync(CallContext call, Ref<VmRecord> old)
    {
        try
        {
            await snapshots.RemoveAsync(call, old);
        }
        catch (XenApiException busy) when (busy.Code is "VDI_IN_USE" or "OTHER_OPERATION_IN_PROGRESS")
        {
            // Somebody backs it up: it is too old the next time as well.
            Log.LogInformation(
                "The snapshot {Name} stays until it is not used any more: {Message}", pool.State.Find(old)?.NameLabel,
                ErrorSentences.Of(busy));
        }
    }

    private async Task TellAsync(VmssRecord schedule, List<Ref<VmRecord>> taken, List<(VmRecord Vm, Exception Why)> failed)
    {
        if (failed.Count > 0)
        {
            await pool.PostAsync(new Announcement.SnapshotsFailed(schedule.Uuid, SnapshotFailure.Tell(schedule, failed)));
        }
        else if (taken.Count > 0)
        {
            await pool.PostAsync(new Announcement.SnapshotsTaken(
                schedule.Uuid, $"The snapshot schedule {schedule.NameLabel} has taken its snapshots: {taken.Count}."));
        }
    }

    // A VM that is off has no memory to keep, one that does not run no agent to ask, and a suspended one is kept with its memory or not.
    private static VmOperations KindOf(VmssRecord schedule, VmRecord vm) => (schedule.Type, vm.PowerState) switch
    {
        (VmssType.SnapshotWithQuiesce, VmPowerState.Running) => VmOperations.SnapshotWithQuiesce,
        (_, VmPowerState.Suspended) or (VmssType.Checkpoint, VmPowerState.Running or VmPowerState.Paused) => VmOperations.Checkpoint,
        _ => VmOperations.Snapshot,
    };

    private static string NameOf(VmRecord vm, VmssRecord schedule, DateTimeOffset at) => string.Create(
        CultureInfo.InvariantCulture, $"{vm.NameLabel}_{schedule.NameLabel}_{at.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}");
}
