using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Where a VM is that is being moved to another host while it runs, wherever that was broken off. The database alone says at which of the
/// two hosts it may run: a guest is let run at the target only when that is written down, and at the source only as long as it is not.
/// <code>
/// resident_on  scheduled  remnant at  what happened                        what becomes of it
/// source       target     target      the move was broken off              what is at the target goes, the guest goes on at the source
/// target       target     source      it is there, and was not let run     it is let run there, what is at the source goes
/// target       -          source      it runs there                        what is at the source goes
/// source       -          target      it was taken back                    what is at the target goes
/// </code>
/// A remnant is a guest that stands still and will never run again. What can't be done because a host does not answer is done when that is
/// taken up again; a guest at the other host does not wait for it.
/// </summary>
internal sealed class Moves(PoolServices pool, Guests guests)
{
    /// <summary>The key of <c>VM.other_config</c> with the UUIDs of hosts at which a remnant of its guest may be.</summary>
    public const string RemnantKey = "move-remnant-at";

    /// <summary>Whether a VM is between two hosts.</summary>
    public static bool IsUnderWay(VmRecord vm) => !vm.ResidentOn.IsNull && !vm.ScheduledToBeResidentOn.IsNull;

    /// <summary>Whether anything is noted of a move.</summary>
    public static bool IsNoted(VmRecord vm) => IsUnderWay(vm) || vm.OtherConfig.ContainsKey(RemnantKey);

    /// <summary>Whether a host is about to have the guest of a VM that is at another.</summary>
    public static bool IsAwaited(VmRecord vm, Ref<HostRecord> at) =>
        IsUnderWay(vm) && vm.ScheduledToBeResidentOn == at && vm.ResidentOn != at;

    /// <summary>Notes that a VM is about to be moved.</summary>
    public static void Begin(Transaction tx, Ref<VmRecord> vm, Ref<HostRecord> to)
    {
        tx.Update(vm, v => v with { ScheduledToBeResidentOn = to });
        NoteRemnant(tx, vm, to);
    }

    /// <summary>Notes that everything of a VM's guest is at the target, and that it runs there or nowhere from now on.</summary>
    /// <exception cref="XenApiException">Somebody has said otherwise meanwhile, as of a host that is dead.</exception>
    public static void Switch(Transaction tx, Ref<VmRecord> vm, Ref<HostRecord> from, Ref<HostRecord> to)
    {
        if (tx.Find(vm) is not { } record || record.ResidentOn != from || record.ScheduledToBeResidentOn != to)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", "The VM was taken for halted while it was being moved, as with its host, and was not moved.");
        }

        tx.Update(vm, v => v with { ResidentOn = to });
        NoteRemnant(tx, vm, from);
        ForgetRemnant(tx, vm, to);
    }

    /// <summary>Settles everything that has to do with a host, when that is taken up.</summary>
    public async Task SettleAllAsync(HostLink at)
    {
        var uuid = pool.State.Get(at.Host).Uuid;
        foreach (var (reference, vm) in pool.State.All<VmRecord>()
            .Where(v => v.Record is { IsASnapshot: false, IsControlDomain: false } && at.Drives(v.Record) && !IsBeingDone(v.Record))
            .ToList())
        {
            var isRemnant = RemnantsOf(vm).Contains(uuid);
            if (!IsUnderWay(vm) && !isRemnant)
            {
                continue;
            }

            try
            {
                if (isRemnant)
                {
                    await RemoveRemnantAsync(at, reference);
                }

                if (IsUnderWay(pool.State.Get(reference)) && pool.Hosts.Find(vm.ResidentOn) is { Current: not null } home)
                {
                    await SettleAsync(home, reference);
                }
            }
            catch (Exception e) when (e is HypervisorException or XenApiException or IOException)
            {
                await pool.PostAsync(new Announcement.MoveUnclear(vm.Uuid, $"{vm.NameLabel} ({vm.Uuid})", e.Message));
            }
        }
    }

    /// <summary>Has the guest of a VM that is under way go on at the host where the database says that it is.</summary>
    /// <exception cref="HypervisorException">That can't be done now.</exception>
    public async Task SettleAsync(HostLink home, Ref<VmRecord> reference)
    {
        var vm = pool.State.Get(reference);
        var uuid = VmRows.Uuid(vm);
        if (Hosts.PlaceOf(vm) != home.Host)
        {
            // Somebody has said otherwise meanwhile, as of a host that is dead: it must not go on there.
            return;
        }

        foreach (var other in pool.Hosts.All.Where(h => h.Current is not null && RemnantsOf(vm).Contains(pool.State.Get(h.Host).Uuid))
            .ToList())
        {
            // Before this one goes on: it may have the disks locked.
            await RemoveRemnantAsync(other, reference);
        }

        try
        {
            await home.Hypervisor.GoOnAsync(uuid, CancellationToken.None);
        }
        catch (HypervisorException gone) when (gone.Failure == HypervisorFailure.NotRunning)
        {
            // It has ended meanwhile, and that is written down now.
        }

        await NoteAsync(home, uuid);
    }

    /// <summary>Notes what a VM's guest does at the host where the database says that it is.</summary>
    public Task NoteAsync(HostLink home, Guid uuid) => guests.RefreshAsync(
        home, uuid, isGivenUp: false,
        (tx, moved, domain) =>
        {
            if (tx.Get(moved).ResidentOn != home.Host)
            {
                return;
            }

            if (domain is not null)
            {
                GuestStates.Run(tx, moved, domain, home.Host);
            }
            else
            {
                GuestStates.Halt(tx, moved);
            }
        },
        CancellationToken.None);

    /// <summary>Removes what a host has of a VM's guest that is elsewhere for good, with all that the host holds for it.</summary>
    /// <exception cref="HypervisorException">That can't be done now.</exception>
    public async Task RemoveRemnantAsync(HostLink at, Ref<VmRecord> reference)
    {
        var vm = pool.State.Get(reference);
        var uuid = VmRows.Uuid(vm);
        var domain = await at.Hypervisor.FindAsync(uuid, CancellationToken.None);
        if (pool.State.Find(reference) is not { } now || Hosts.PlaceOf(now) == at.Host)
        {
            // It has been started there since: what is there is the guest itself.
            await ForgetRemnantAsync(reference, at.Host);
            return;
        }

        if (domain is { PowerState: DomainPowerState.Running })
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{vm.NameLabel} ({vm.Uuid}) runs on {pool.State.Get(at.Host).NameLabel}, where it was only to stand still.");
        }

        if (domain is not null)
        {
            await at.Hypervisor.DestroyAsync(uuid, CancellationToken.None);
        }

        await at.Disks.DropAsync(uuid);
        await FirmwareFiles.RemoveAsync(at, uuid);
        await ForgetRemnantAsync(reference, at.Host);
    }

    private static bool IsBeingDone(VmRecord vm) => vm.CurrentOperations.ContainsValue(VmOperations.PoolMigrate);

    private static ImmutableSortedSet<string> RemnantsOf(VmRecord vm) => NotedList.Of(vm.OtherConfig, RemnantKey);

    private static void NoteRemnant(Transaction tx, Ref<VmRecord> vm, Ref<HostRecord> host) =>
        SetRemnants(tx, vm, RemnantsOf(tx.Get(vm)).Add(tx.Get(host).Uuid));

    private static void ForgetRemnant(Transaction tx, Ref<VmRecord> vm, Ref<HostRecord> host)
    {
        if (tx.Find(vm) is { } record && record.OtherConfig.ContainsKey(RemnantKey))
        {
            SetRemnants(tx, vm, RemnantsOf(record).Remove(tx.Find(host)?.Uuid ?? ""));
        }
    }

    private static void SetRemnants(Transaction tx, Ref<VmRecord> vm, ImmutableSortedSet<string> hosts) =>
        tx.Update(vm, v => v with { OtherConfig = NotedList.With(v.OtherConfig, RemnantKey, hosts) });

    private Task ForgetRemnantAsync(Ref<VmRecord> vm, Ref<HostRecord> host) =>
        pool.Database.WriteSurelyAsync(tx => ForgetRemnant(tx, vm, host));
}
