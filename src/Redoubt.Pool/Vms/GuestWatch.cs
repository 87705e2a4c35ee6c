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
/// <param name="moves">Settles what was being moved.</param>
/// <param name="actions">What VMs are to do when their guests end.</param>
/// <param name="hostStart">Starts VMs with their host.</param>
/// <param name="attachAsync">Attaches the storage of a member, which has let none go; null for this host, whose storage is there.</param>
internal sealed class GuestWatch(
    PoolServices pool, HostLink link, Guests guests, HotPlug hotPlug, Suspensions suspensions, Moves moves,
    GuestActions actions, NotedStarts hostStart, Func<HostLink, CancellationToken, Task>? attachAsync = null) : IAsyncDisposable
{
    private readonly ILogger _log = pool.Loggers.CreateLogger<GuestWatch>();
    private LinkFollower? _follower;

    private LinkFollower Follower => _follower ??= new(link, pool.Time, _log)
    {
        TakeUp = TakeUpAsync,
        Handle = HandleAsync,
        TellLost = TellLostAsync,
        TellBack = TellBackAsync,
    };

    /// <summary>Brings all VMs up to date, if there is a hypervisor, then follows. For a member nobody waits.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (link.IsMember)
        {
            Follower.Begin(null);
        }
        else if (link.Current is { } hypervisor)
        {
            await TakeUpAsync(hypervisor, cancellationToken);
            Follower.Begin(hypervisor);
        }
        else
        {
            await TellLostAsync(link.State is LinkState.Lost lost ? lost.Why.Message : "It has just come back.");
            Follower.Begin(null);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Follower.DisposeAsync();
        await actions.DisposeAsync();
    }

    private Task TellBackAsync(IHypervisor hypervisor) => link.IsMember
        ? Task.CompletedTask
        : pool.PostAsync(new Announcement.HypervisorBack(pool.State.Get(link.Host).Uuid, hypervisor.Facts.Uri));

    private async Task TakeUpAsync(IHypervisor hypervisor, CancellationToken cancellationToken)
    {
        await pool.Database.WriteAsync(
            tx =>
            {
                FirstStart.Describe(tx, link.Host, hypervisor.Facts, pool.Time.GetUtcNow());
                if ((link.BootId ?? hypervisor.Facts.BootId) is { } boot)
                {
                    HostStart.NoteBoot(tx, pool.Pool, link.Host, boot);
                }
            },
            cancellationToken);
        if (attachAsync is not null)
        {
            await attachAsync(link, cancellationToken);
            await GuestCopies.EndAsync(hypervisor);
        }

        await moves.SettleAllAsync(link);
        await suspensions.SettleAllAsync(link);
        await guests.RefreshAllAsync(link, cancellationToken);
        await hotPlug.SettleAllAsync(link, cancellationToken);
        await link.Disks.TakeUpAsync(pool, link, default, cancellationToken);
        await link.Acts.ForgetEarlierAsync(cancellationToken);
        link.TakenUp = hypervisor;
        hostStart.Wake();
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
        await Follower.SurelyAsync($"what happened to guest {happened.Uuid}", async token =>
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
            await Follower.SurelyAsync(
                $"which devices guest {happened.Uuid} has", token => hotPlug.SettleAsync(link, happened.Uuid, token));
        }

        if (Body(happened.Kind) is { } body)
        {
            await Follower.SurelyAsync(
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

    private static string? Body(DomainEventKind kind) => kind switch
    {
        DomainEventKind.Crashed => "The guest or its hypervisor process ended unexpectedly. See its console log.",
        DomainEventKind.PausedByDiskError =>
            "The guest was paused because one of its disks failed or the storage is full. Make space or mend the "
                + "storage, then unpause the VM.",
        _ => null,
    };
}
