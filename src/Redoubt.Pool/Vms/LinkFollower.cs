using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Follows the hypervisor of a link for as long as there is one, and again when there is one again.
/// <code>
/// it is there    its guests have been taken up; its events are handled, one after the other
/// it is lost     that is told, and the next one waited for
/// it is back     its guests are taken up, then that is told
/// </code>
/// </summary>
/// <param name="link">The link.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Where what waits is noted.</param>
internal sealed class LinkFollower(HostLink link, TimeProvider time, ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Brings what the pool has of a hypervisor's guests up to date.</summary>
    public required Func<IHypervisor, CancellationToken, Task> TakeUp { get; init; }

    /// <summary>Handles one of its events.</summary>
    public required Func<DomainEvent, IHypervisor, Task> Handle { get; init; }

    /// <summary>Tells that it is lost, and why.</summary>
    public required Func<string, Task> TellLost { get; init; }

    /// <summary>Tells that there is one again.</summary>
    public required Func<IHypervisor, Task> TellBack { get; init; }

    /// <summary>Begins with a hypervisor whose guests have been taken up; with none, that is told before.</summary>
    public void Begin(IHypervisor? takenUp) => _following = FollowAsync(takenUp);

    /// <summary>Does something until it works, or the follower is disposed of.</summary>
    /// <exception cref="OperationCanceledException">It is.</exception>
    public async Task SurelyAsync(string what, Func<CancellationToken, Task> act)
    {
        while (true)
        {
            try
            {
                await act(_stopping.Token);
                return;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e)
            {
                log.LogError(e, "This could not be recorded yet: {What}", what);
                await Task.Delay(AgainAfter, time, _stopping.Token);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        _stopping.Dispose();
    }

    private async Task FollowAsync(IHypervisor? takenUp)
    {
        IHypervisor? lost = null;
        try
        {
            while (true)
            {
                var hypervisor = takenUp ?? await ComeBackAsync(lost);
                var reason = "Its events have ended.";
                (takenUp, lost) = (null, hypervisor);
                try
                {
                    await foreach (var happened in hypervisor.EventsAsync(_stopping.Token))
                    {
                        await Handle(happened, hypervisor);
                    }
                }
                catch (HypervisorException e)
                {
                    reason = e.Message;
                }

                await SurelyAsync("that the hypervisor is lost", _ => TellLost(reason));
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Nobody wants to know any more; the guests go on.
        }
    }

    private async Task<IHypervisor> ComeBackAsync(IHypervisor? lost)
    {
        while (true)
        {
            var hypervisor = await link.WaitAsync(lost, _stopping.Token);
            try
            {
                await TakeUp(hypervisor, _stopping.Token);
                await TellBack(hypervisor);
                return hypervisor;
            }
            catch (Exception e) when (e is HypervisorException or XenApiException)
            {
                log.LogError("The guests could not be taken up yet: {Message}", e.Message);
                if (hypervisor.Lost.IsCompleted)
                {
                    lost = hypervisor;
                    continue;
                }

                await Task.Delay(AgainAfter, time, _stopping.Token);
            }
        }
    }
}
