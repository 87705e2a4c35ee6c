using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Follows what guests do by themselves: shut down, crash, come back after the daemon was away.</summary>
internal sealed class GuestWatch(PoolServices pool, Guests guests) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Brings all VMs up to date, then follows events.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await guests.RefreshAllAsync(cancellationToken);
        _following = FollowAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        _stopping.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            await foreach (var happened in pool.Hypervisor.EventsAsync(_stopping.Token))
            {
                await HandleAsync(happened);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the guests go on.
        }
        catch (HypervisorException e)
        {
            await pool.PostAsync("HOST_HYPERVISOR_LOST", 1, Cls.Host, pool.State.Get(pool.Host).Uuid, e.Message);
        }
    }

    private async Task HandleAsync(DomainEvent happened)
    {
        try
        {
            if (happened.Kind == DomainEventKind.Resync)
            {
                await guests.RefreshAllAsync(_stopping.Token);
            }
            else
            {
                await RefreshAsync(happened, _stopping.Token);
            }
        }
        catch (XenApiException e)
        {
            // The database could not take it (its disk is full, say). The next event, and the next start, look at the guest again.
            await Console.Error.WriteLineAsync($"redoubt: what happened to guest {happened.Uuid} could not be recorded: {e.Message}");
        }
    }

    private async Task RefreshAsync(DomainEvent happened, CancellationToken cancellationToken)
    {
        var uuid = happened.Uuid.ToString("D");
        await guests.RefreshAsync(happened.Uuid, null, cancellationToken);
        if (happened.Kind is DomainEventKind.Crashed or DomainEventKind.PausedByDiskError)
        {
            var body = happened.Kind == DomainEventKind.Crashed
                ? "The guest or its hypervisor process ended unexpectedly. See its console log."
                : "The guest was paused because one of its disks failed or the storage is full. Make space or mend the storage, then unpause the VM.";
            await pool.PostAsync("VM_CRASHED", 2, Cls.Vm, uuid, body);
        }
    }
}
