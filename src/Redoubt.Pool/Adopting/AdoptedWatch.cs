using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Follows what happens to adopted VMs in the libvirt that they live in: what their guests do, and what others make of their definitions.
/// <code>
/// it is there    each definition is compared with the one that is kept, each VM brought up to date, then events are followed
/// it is lost     people are told; the VMs' records stay as they were last seen
/// it is back     as at the beginning
/// </code>
/// </summary>
internal sealed class AdoptedWatch(PoolServices pool, HostLink link, Guests guests, AdoptedFirmware firmware) : IAsyncDisposable
{
    private LinkFollower? _follower;

    private string HostUuid => pool.State.Get(link.Host).Uuid;

    private LinkFollower Follower => _follower ??= new(link, pool.Time, pool.Loggers.CreateLogger<AdoptedWatch>())
    {
        TakeUp = (hypervisor, token) => TakeUpAsync((Hypervisor)hypervisor, token),
        Handle = (happened, hypervisor) => HandleAsync(happened, (Hypervisor)hypervisor),
        TellLost = TellLostAsync,
        TellBack = _ => pool.PostAsync(new Announcement.OriginBack(HostUuid, link.Origin!)),
    };

    /// <summary>Brings all its VMs up to date, if the libvirt can be reached, then follows.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var hypervisor = link.Current as Hypervisor;
        if (hypervisor is not null)
        {
            await TakeUpAsync(hypervisor, cancellationToken);
        }
        else
        {
            await TellLostAsync((link.State as LinkState.Lost)?.Why.Message ?? "It has just come back.");
        }

        Follower.Begin(hypervisor);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Follower.DisposeAsync();

    /// <summary>Compares what a VM is defined as with what is kept, and writes down what has changed.</summary>
    public static async Task CompareAsync(PoolServices pool, Hypervisor hypervisor, VmRecord vm, CancellationToken cancellationToken)
    {
        var uuid = VmRows.Uuid(vm);
        var reference = pool.State.FindByUuid<VmRecord>(vm.Uuid);
        if (await hypervisor.FindDefinedAsync(uuid, cancellationToken) is not { IsPersistent: true } domain)
        {
            await NoteGoneAsync(pool, reference, cancellationToken);
            return;
        }

        if (domain.StartsWithHost && vm.SnapshotInfo.ContainsKey(AdoptedVm.Autostart))
        {
            // Nobody has taken it yet, or somebody gave it back to libvirt, which would start it also when it runs at another site.
            await hypervisor.SetStartsWithHostAsync(uuid, false, cancellationToken);
        }

        if (domain.Xml == vm.SnapshotMetadata && !vm.SnapshotInfo.ContainsKey(AdoptedVm.Gone))
        {
            return;
        }

        DomainDefinition definition;
        try
        {
            definition = DomainDefinition.Parse(domain.Xml);
        }
        catch (FormatException unread)
        {
            await pool.PostAsync(new Announcement.AdoptedChanged(
                vm.Uuid, $"The definition of {vm.NameLabel} was changed in {AdoptedVm.OriginOf(vm)} and can't be read now, so that "
                    + "the pool "
                    + $"keeps the one before. {unread.Message}"));
            return;
        }

        var findings = AdoptionFindings.Of(domain).ToList();
        var disks = await AdoptionCandidate.FindDisksAsync(pool, definition, findings, cancellationToken);
        var wrong = findings.Where(f => f.Weight == AdoptionWeight.Block).Select(f => $"{f.Subject}: {f.Text}").ToList();
        var has = await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Find(reference) is not { } now || !AdoptedVm.Is(now))
                {
                    return false; // It was given back meanwhile.
                }

                AdoptionRows.Update(tx, reference, domain, definition, disks);
                return true;
            },
            cancellationToken);
        if (has)
        {
            await pool.PostAsync(new Announcement.AdoptedChanged(
                vm.Uuid,
                $"The definition of {vm.NameLabel} was changed in {AdoptedVm.OriginOf(vm)}, and the pool has followed."
                    + (wrong.Count == 0 ? "" : $" What it has now would not all be there after a recovery: {string.Join(" ", wrong)}")));
        }
    }

    private static async Task NoteGoneAsync(PoolServices pool, Ref<VmRecord> reference, CancellationToken cancellationToken)
    {
        var told = await pool.Database.WriteAsync(
            tx =>
            {
                if (tx.Find(reference) is not { } now || !AdoptedVm.Is(now) || now.SnapshotInfo.ContainsKey(AdoptedVm.Gone))
                {
                    return null;
                }

                tx.Update(reference, v => v with { SnapshotInfo = v.SnapshotInfo.SetItem(AdoptedVm.Gone, "true") });
                return now;
            },
            cancellationToken);
        if (told is not null)
        {
            await pool.PostAsync(new Announcement.AdoptedChanged(
                told.Uuid,
                $"{told.NameLabel} is no longer defined in {AdoptedVm.OriginOf(told)}. The pool keeps what it was "
                    + "(vm-definition): define it there again, or give it up (vm-unadopt)."));
        }
    }

    private async Task TakeUpAsync(Hypervisor hypervisor, CancellationToken cancellationToken)
    {
        foreach (var vm in Own())
        {
            await CompareAsync(pool, hypervisor, vm, cancellationToken);
        }

        await guests.RefreshAllAsync(link, cancellationToken);
        await MarkAsync(cancellationToken);
        await link.Disks.TakeUpAsync(pool, link, default, cancellationToken);
    }

    // What can't be dealt with is looked at whole until that works: no event is lost.
    private Task HandleAsync(DomainEvent happened, Hypervisor hypervisor)
    {
        var all = happened.Kind == DomainEventKind.Resync;
        return Follower.SurelyAsync($"what happened in {link.Origin}", async token =>
        {
            if (!ReferenceEquals(link.Current, hypervisor))
            {
                return; // What it has missed it learns when it is taken up again.
            }

            if (all)
            {
                await TakeUpAsync(hypervisor, token);
                return;
            }

            all = true;
            if (Own().FirstOrDefault(v => v.Uuid == $"{happened.Uuid:D}") is { } vm)
            {
                await TakeUpAsync(hypervisor, vm, happened, token);
            }
        });
    }

    private async Task TakeUpAsync(Hypervisor hypervisor, VmRecord vm, DomainEvent happened, CancellationToken cancellationToken)
    {
        if (happened.Kind == DomainEventKind.Defined)
        {
            await CompareAsync(pool, hypervisor, vm, cancellationToken);
        }
        else if (happened.IsStop)
        {
            await firmware.TakeAsync(happened.Uuid, cancellationToken);
        }

        await guests.RefreshAsync(link, happened.Uuid, isGivenUp: false, null, cancellationToken);
        await MarkAsync(cancellationToken);
        await link.Disks.TakeUpAsync(pool, link, default, cancellationToken);
    }

    // Whoever started a domain past the pool gave its guest all that it is defined with.
    private Task MarkAsync(CancellationToken cancellationToken)
    {
        bool IsUnmarked(VmRecord vm) => vm.PowerState is VmPowerState.Running or VmPowerState.Paused && vm.CurrentOperations.IsEmpty
            && (vm.Vbds.Select(pool.State.Find).Any(b => b is { CurrentlyAttached: false })
                || vm.Vifs.Select(pool.State.Find).Any(v => v is { CurrentlyAttached: false }));
        var unmarked = Own().Where(IsUnmarked).Select(v => v.Uuid).ToList();
        return unmarked.Count == 0 ? Task.CompletedTask : pool.Database.WriteAsync(
            tx =>
            {
                foreach (var vm in unmarked.Select(tx.State.FindByUuid<VmRecord>).Where(v => tx.Find(v) is { } now && AdoptedVm.Is(now)
                    && now.PowerState is VmPowerState.Running or VmPowerState.Paused))
                {
                    AdoptionRows.Attach(tx, vm);
                }
            },
            cancellationToken);
    }

    private Task TellLostAsync(string reason) => pool.PostAsync(new Announcement.OriginLost(HostUuid, link.Origin!, reason));

    private ImmutableArray<VmRecord> Own() =>
        [.. pool.State.All<VmRecord>().Select(v => v.Record).Where(link.Drives)];
}
