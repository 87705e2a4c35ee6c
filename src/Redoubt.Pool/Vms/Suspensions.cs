using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Brings a VM that was being suspended or resumed to one of the two ends, wherever that was broken off.
/// <code>
/// the database says    there is      what happened                            what becomes of it
/// Running + image      a guest       the suspend was broken off               runs on, the image goes
/// Running + image      a whole image the suspend was done, and not noted      Suspended
/// Running + image      neither       the host failed while it was suspended   Halted, as after a power cut
/// Suspended + image    a paused one  the resume was broken off before it ran  Suspended, the paused guest goes
/// Running, image left  a paused one  the resume was broken off as it ran      runs on, the image goes
/// </code>
/// A guest may run only once the database says that its image is given up: the same memory resumed twice over disks that have changed
/// in between destroys what is on them.
/// </summary>
internal sealed class Suspensions(PoolServices pool, Guests guests, SuspendImages images)
{
    /// <summary>
    /// In <c>VM.other_config</c>: that its guest stands still for a checkpoint, and is to go on when that is broken off.
    /// </summary>
    public const string HeldKey = "held-for-checkpoint";

    /// <summary>Settles every VM that is at a host, when that is taken up.</summary>
    public async Task SettleAllAsync(HostLink at)
    {
        foreach (var (reference, vm) in pool.State.All<VmRecord>()
            .Where(v => v.Record.OtherConfig.ContainsKey(HeldKey) && v.Record.CurrentOperations.IsEmpty && pool.Hosts.IsAt(at, v.Record))
            .ToList())
        {
            try
            {
                await LetGoOnAsync(reference);
            }
            catch (HypervisorException silent)
            {
                await pool.PostAsync(new Announcement.SuspensionUnclear(vm.Uuid, $"{vm.NameLabel} ({vm.Uuid})", silent.Message));
            }
        }

        foreach (var (reference, vm) in pool.State.All<VmRecord>()
            .Where(v => v.Record is { IsASnapshot: false } && !v.Record.SuspendVdi.IsNull && pool.Hosts.IsAt(at, v.Record)).ToList())
        {
            try
            {
                await SettleAsync(reference);
            }
            catch (Exception e) when (e is HypervisorException or XenApiException)
            {
                await pool.PostAsync(new Announcement.SuspensionUnclear(vm.Uuid, $"{vm.NameLabel} ({vm.Uuid})", e.Message));
            }
        }

        foreach (var (image, record) in SuspendImages.GivenUp(pool.State))
        {
            var vm = pool.State.Find(pool.State.FindByUuid<VmRecord>(record.OtherConfig[SuspendImages.OwnerKey]));
            if (vm is not null && !pool.Hosts.IsAt(at, vm))
            {
                continue;
            }

            if (vm is { PowerState: VmPowerState.Running }
                && await at.Hypervisor.FindAsync(VmRows.Uuid(vm), CancellationToken.None) is { PowerState: DomainPowerState.Paused })
            {
                await at.Hypervisor.GoOnAsync(VmRows.Uuid(vm), CancellationToken.None);
            }

            await images.RemoveAsync(image);
        }
    }

    /// <summary>Lets a guest go on that stands still for a checkpoint, wherever that was broken off; nothing if it does not.</summary>
    /// <exception cref="HypervisorException">The hypervisor does not answer; it is tried again when it does.</exception>
    public async Task LetGoOnAsync(Ref<VmRecord> reference)
    {
        if (pool.State.Find(reference) is not { } vm || !vm.OtherConfig.ContainsKey(HeldKey))
        {
            return;
        }

        var (at, uuid) = (pool.Hosts.Of(vm), VmRows.Uuid(vm));
        if (await at.Hypervisor.FindAsync(uuid, CancellationToken.None) is not null)
        {
            await GoOnAsync(at, uuid);
        }

        await guests.RefreshAsync(
            at, uuid, isGivenUp: false,
            (tx, found, domain) =>
            {
                tx.Update(found, v => v with { OtherConfig = v.OtherConfig.Remove(HeldKey) });
                if (domain is not null)
                {
                    GuestStates.Run(tx, found, domain, at.Host);
                }
            },
            CancellationToken.None);
    }

    /// <summary>Settles a VM with an image.</summary>
    /// <exception cref="HypervisorException">The hypervisor does not answer.</exception>
    public async Task SettleAsync(Ref<VmRecord> reference)
    {
        var vm = pool.State.Get(reference);
        var (at, uuid) = (pool.Hosts.Of(vm), VmRows.Uuid(vm));
        var domain = await at.Hypervisor.FindAsync(uuid, CancellationToken.None);
        if (vm.PowerState == VmPowerState.Suspended)
        {
            if (domain is { PowerState: DomainPowerState.Paused } && await images.IsWholeAsync(reference) == true)
            {
                await at.Hypervisor.DestroyAsync(uuid, CancellationToken.None);
                return;
            }

            if (domain is null)
            {
                return;
            }
        }
        else if (domain is not null && vm.PowerState == VmPowerState.Running)
        {
            domain = await GoOnAsync(at, uuid);
        }

        var isWhole = domain is null ? await images.IsWholeAsync(reference) : false;
        if (isWhole == true)
        {
            await images.SealAsync(reference, pool.State.Get(reference).SuspendVdi);
        }

        await guests.RefreshAsync(
            at, uuid, isGivenUp: false, (tx, _, now) => Settle(tx, reference, at, now, isWhole), CancellationToken.None);
        if (pool.State.Get(reference).SuspendVdi.IsNull)
        {
            await images.RemoveAsync(vm.SuspendVdi);
        }
    }

    private static void Settle(Transaction tx, Ref<VmRecord> reference, HostLink at, DomainState? domain, bool? isWhole)
    {
        if (domain is not null)
        {
            GuestStates.Run(tx, reference, domain, at.Host);
            SuspendImages.GiveUp(tx, reference);
        }
        else if (isWhole == false)
        {
            GuestStates.Halt(tx, reference);
            SuspendImages.GiveUp(tx, reference);
        }
        else
        {
            GuestStates.Suspend(tx, reference);
        }
    }

    /// <summary>Lets the guest go on; null: it was suspended to the end after all.</summary>
    private static async Task<DomainState?> GoOnAsync(HostLink at, Guid uuid)
    {
        try
        {
            await at.Hypervisor.GoOnAsync(uuid, CancellationToken.None);
        }
        catch (HypervisorException e) when (e.Failure == HypervisorFailure.NotRunning)
        {
            return null;
        }

        return await at.Hypervisor.FindAsync(uuid, CancellationToken.None);
    }
}
