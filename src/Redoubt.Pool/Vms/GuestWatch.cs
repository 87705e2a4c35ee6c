using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Follows what the guests of a host do by themselves (shut down, crash, come back after the daemon was away), and whether there is a
/// hypervisor at all.
/// <code>
/// there is one     what was half suspended is settled, every VM is brought up to date, then events are followed
/// it is lost       the host is marked as such and people are told; the VMs' records stay as they were last seen
/// it is back       as at the beginning
/// </code>
/// </summary>
/// <param name="pool">The pool.</param>
/// <param name="link">The host.</param>
/// <param name="guests">The guests.</param>
/// <param name="hotPlug">Holds records of devices true.</param>
/// <param name="suspensions">Settles what was half suspended.</param>
/// <param name="actions">What VMs are to do when their guests end.</param>
/// <param name="attachAsync">Attaches the storage of a member, which has let none go; null for this host, whose storage is there.</param>
internal sealed class GuestWatch(
    PoolServices pool, HostLink link, Guests guests, HotPlug hotPlug, Suspensions suspensions, GuestActions actions,
    Func<HostLink, CancellationToken, Task>? attachAsync = null) : IAsyncDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private readonly ILogger _log = pool.Loggers.CreateLogger<GuestWatch>();
    private readonly CancellationTokenSource _stopping = new();
    private Task _following = Task.CompletedTask;

    /// <summary>Brings all VMs up to date, if there is a hypervisor, then follows. For a member nobody waits.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (link.IsMember)
        {
            _following = FollowAsync(null);
        }
        else if (link.Current is { } hypervisor)
        {
            await TakeUpAsync(hypervisor, cancellationToken);
            _following = FollowAsync(hypervisor);
        }
        else
        {
            await TellLostAsync(link.State is LinkState.Lost lost ? lost.Why.Message : "It has just come back.");
            _following = FollowAsync(null);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        await actions.DisposeAsync();
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
                        await HandleAsync(happened, hypervisor);
                    }
                }
                catch (HypervisorException e)
                {
                    reason = e.Message;
                }

                await SurelyAsync("that the hypervisor is lost", _ => TellLostAsync(reason));
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the guests go on.
        }
    }

    private async Task<IHypervisor> ComeBackAsync(IHypervisor? lost)
    {
        while (true)
        {
            var hypervisor = await link.WaitAsync(lost, _stopping.Token);
            try
            {
                await TakeUpAsync(hypervisor, _stopping.Token);
                if (!link.IsMember)
                {
                    await pool.PostAsync(new Announcement.HypervisorBack(pool.State.Get(link.Host).Uuid, hypervisor.Facts.Uri));
                }

                return hypervisor;
            }
            catch (Exception e) when (e is HypervisorException or XenApiException)
            {
                _log.LogError("The guests could not be taken up yet: {Message}", e.Message);
                if (hypervisor.Lost.IsCompleted)
                {
                    lost = hypervisor;
                    continue;
                }

                await Task.Delay(AgainAfter, pool.Time, _stopping.Token);
            }
        }
    }

    private async Task TakeUpAsync(IHypervisor hypervisor, CancellationToken cancellationToken)
    {
        await pool.Database.WriteAsync(
            tx => FirstStart.Describe(tx, link.Host, hypervisor.Facts, pool.Time.GetUtcNow()), cancellationToken);
        if (attachAsync is not null)
        {
            await attachAsync(link, cancellationToken);
            await GuestCopies.EndAsync(hypervisor);
        }

        await suspensions.SettleAllAsync(link);
        await guests.RefreshAllAsync(link, cancellationToken);
        await hotPlug.SettleAllAsync(link, cancellationToken);
        await link.Disks.TakeUpAsync(pool, link, default, cancellationToken);
        await link.Acts.ForgetEarlierAsync(cancellationToken);
        await TellTwiceAsync(await hypervisor.ListAsync(cancellationToken));
        foreach (var (uuid, pid) in hypervisor.Strays)
        {
            await pool.PostAsync(new Announcement.GuestStray($"{uuid:D}", pid));
        }
    }

    // A host that was taken for dead and was not, for example. Which of the two is to end only a person can say.
    private async Task TellTwiceAsync(IReadOnlyList<DomainState> domains)
    {
        foreach (var domain in domains)
        {
            if (pool.State.Find(pool.State.FindByUuid<VmRecord>($"{domain.Uuid:D}")) is { } vm && Hosts.PlaceOf(vm) is var place
                && pool.State.Find(place) is { } other && place != link.Host)
            {
                await pool.PostAsync(new Announcement.GuestTwice(vm.Uuid, other.NameLabel, pool.State.Get(link.Host).NameLabel));
            }
        }
    }

    private async Task TellLostAsync(string reason)
    {
        if (link.IsMember)
        {
            // Whether its daemon is up shows in the election; of its guests nothing is known, and their records stay as they were.
            _log.LogWarning("The host {Host} does not answer: {Reason}", pool.State.Find(link.Host)?.NameLabel, reason);
            return;
        }

        await pool.Database.WriteAsync(tx => FirstStart.NoteLost(tx, link.Host, pool.Time.GetUtcNow()), CancellationToken.None);
        await pool.PostAsync(new Announcement.HypervisorLost(pool.State.Get(link.Host).Uuid, reason));
    }

    /// <summary>
    /// If an event can't be dealt with, all guests are looked at again until that works: no event is lost, and following ends only with the
    /// hypervisor. What people are to be told of an event they are told when its effect has been written down.
    /// </summary>
    private async Task HandleAsync(DomainEvent happened, IHypervisor hypervisor)
    {
        var all = happened.Kind == DomainEventKind.Resync;
        await SurelyAsync($"what happened to guest {happened.Uuid}", async token =>
        {
            if (!ReferenceEquals(link.Current, hypervisor))
            {
                return; // What it has missed it learns when it is taken up again.
            }

            var wasAll = all;
            all = true;
            await (wasAll ? guests.RefreshAllAsync(link, token) : guests.RefreshAsync(link, happened.Uuid, isGivenUp: false, null, token));
        });
        if (happened.Kind == DomainEventKind.DeviceRemoved)
        {
            await SurelyAsync($"which devices guest {happened.Uuid} has", token => hotPlug.SettleAsync(link, happened.Uuid, token));
        }

        if (Body(happened.Kind) is { } body)
        {
            await SurelyAsync(
                $"what happened to guest {happened.Uuid}", _ => pool.PostAsync(new Announcement.GuestFailed($"{happened.Uuid:D}", body)));
        }

        try
        {
            await actions.FollowAsync(happened);
        }
        catch (XenApiException refused)
        {
            _log.LogWarning(
                "What guest {Uuid} is to do after {What} was not done: {Message}", happened.Uuid, happened.Kind, refused.Message);
        }
    }

    private async Task SurelyAsync(string what, Func<CancellationToken, Task> write)
    {
        while (true)
        {
            try
            {
                await write(_stopping.Token);
                return;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                throw;
            }
            catch (Exception e)
            {
                _log.LogError(e, "This could not be recorded yet: {What}", what);
                await Task.Delay(AgainAfter, pool.Time, _stopping.Token);
            }
        }
    }

    private static string? Body(DomainEventKind kind) => kind switch
    {
        DomainEventKind.Crashed => "The guest or its hypervisor process ended unexpectedly. See its console log.",
        DomainEventKind.PausedByDiskError =>
            "The guest was paused because one of its disks failed or the storage is full. Make space or mend the "
                + "storage, then unpause the VM.",
        _ => null,
    };
}
