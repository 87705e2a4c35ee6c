using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Does what a VM is to do when its guest ends or reboots by itself: <c>actions_after_shutdown</c>, <c>_reboot</c> and <c>_crash</c>. What
/// somebody asks of it does not go by them. A guest that ends again as soon as it was started is started again only after a pause, which
/// a daemon that stops does not take up again.
/// </summary>
internal sealed class GuestActions(PoolServices pool, Guests guests, VmStartCalls start) : IAsyncDisposable
{
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Guid, Task> _restarts = new();

    /// <summary>What follows from an event, whose effect has been written down.</summary>
    public async Task FollowAsync(DomainEvent happened)
    {
        if (pool.State.FindByUuid<VmRecord>($"{happened.Uuid:D}") is not { IsNull: false } vm || pool.State.Find(vm) is not { } record)
        {
            return;
        }

        if (happened.Kind == DomainEventKind.Rebooted)
        {
            var wasAsked = guests.WasRebootExpected(happened.Uuid) || !record.CurrentOperations.IsEmpty;
            if (!wasAsked && record.ActionsAfterReboot == OnNormalExit.Destroy)
            {
                await guests.DoAsync(vm, (h, uuid) => h.DestroyAsync(uuid, CancellationToken.None));
            }
        }
        else if (happened.IsStop && guests.HasEndedByItself(happened.Uuid) && IsToRestart(record, happened.Kind))
        {
            // One that is under way for an earlier end has done its work by now.
            _restarts[happened.Uuid] = RestartAsync(vm, record);
        }
    }

    /// <summary>
    /// Whether a VM is to be started again after its guest has ended so. No core is dumped, and nothing of a guest is preserved. Pure.
    /// </summary>
    public static bool IsToRestart(VmRecord vm, DomainEventKind end) => end switch
    {
        DomainEventKind.ShutDown => vm.ActionsAfterShutdown == OnNormalExit.Restart,
        DomainEventKind.Crashed => vm.ActionsAfterCrash is
            OnCrashBehaviour.Restart or OnCrashBehaviour.CoredumpAndRestart or OnCrashBehaviour.RenameRestart,
        _ => false,
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_restarts.Values);
        _stopping.Dispose();
    }

    private async Task RestartAsync(Ref<VmRecord> vm, VmRecord ended)
    {
        // Whoever follows the events does not wait for it.
        await Task.Yield();
        try
        {
            if (pool.State.Find(ended.Metrics) is { } metrics && pool.Time.GetUtcNow() - metrics.StartTime < ShortLife)
            {
                await Task.Delay(Pause, pool.Time, _stopping.Token);
            }

            await start.StartAsync(CallContext.OfDaemon(pool, _stopping.Token), vm, startPaused: false, force: false);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops.
        }
        catch (Exception e)
        {
            await TellAsync(vm, e);
        }
    }

    // Somebody may have started or removed it meanwhile, and then there is nothing to tell.
    private async Task TellAsync(Ref<VmRecord> vm, Exception why)
    {
        try
        {
            if (pool.State.Find(vm) is { PowerState: VmPowerState.Halted, CurrentOperations.IsEmpty: true } record)
            {
                var reason = ErrorSentences.Of(why);
                await pool.PostAsync(new Announcement.NotRestarted(record.Uuid, reason));
            }
        }
        catch (Exception e)
        {
            pool.Loggers.CreateLogger<GuestActions>().LogError(e, "That a VM stays off could not be posted: {Why}", why.Message);
        }
    }
}
