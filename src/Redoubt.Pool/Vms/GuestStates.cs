using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Makes a VM's record true to what a host's hypervisor says of it. Pure but for the transaction; repeating it changes nothing.
/// </summary>
internal static class GuestStates
{
    /// <summary>
    /// Applies the state of a VM's domain at a host; null: it has none there, which says nothing of a VM that is at another host, or in
    /// another hypervisor of the same.
    /// </summary>
    /// <returns>Whether its guest has ended with nobody doing anything about it.</returns>
    public static bool Apply(Transaction tx, Ref<VmRecord> reference, DomainState? domain, HostLink at)
    {
        var host = at.Host;
        if (tx.Find(reference) is not { } vm || !at.Drives(vm) || !CanBeAt(tx, vm, host))
        {
            return false;
        }

        if (vm.CurrentOperations.Values.Any(o => o is VmOperations.Suspend or VmOperations.Resume or VmOperations.ResumeOn
            or VmOperations.PoolMigrate)
            || (Moves.IsUnderWay(vm) && domain is { PowerState: DomainPowerState.Paused }))
        {
            // That its domain comes and goes does not mean now what it means else. Whoever does this writes down what came of it.
            return false;
        }

        if (domain is { PowerState: DomainPowerState.Paused } && vm.CurrentOperations.ContainsValue(VmOperations.Checkpoint))
        {
            // It stands still for a moment, and is not paused.
            return false;
        }

        if (PowerState(domain) is not null)
        {
            // Which drives and interfaces the guest has is known to whoever started it, who wrote it down before.
            Run(tx, reference, domain!, host);
        }
        else if (vm.PowerState is VmPowerState.Running or VmPowerState.Paused && !vm.SuspendVdi.IsNull)
        {
            // It was being suspended when the daemon died, and nobody could look whether its image is whole. Resuming it looks.
            Suspend(tx, reference);
        }
        else if (vm.PowerState is VmPowerState.Running or VmPowerState.Paused)
        {
            Halt(tx, reference);
            return vm.CurrentOperations.IsEmpty;
        }
        else if (vm.CurrentOperations.IsEmpty)
        {
            // A daemon that died while it was starting the VM leaves the flags behind. One that is starting it now keeps them.
            Release(tx, reference);
        }

        return false;
    }

    /// <summary>Writes down that a VM has a guest.</summary>
    public static void Run(Transaction tx, Ref<VmRecord> reference, DomainState domain, Ref<HostRecord> host) => VmRows.Update(
        tx, reference, v => v with
        {
            PowerState = PowerState(domain) ?? VmPowerState.Halted,
            ResidentOn = host,
            ScheduledToBeResidentOn = default,
            Domid = domain.Id,
        });

    /// <summary>Writes down that a VM has no guest any more.</summary>
    public static void Halt(Transaction tx, Ref<VmRecord> reference)
    {
        VmRows.Update(tx, reference, v => v with { PowerState = VmPowerState.Halted, ResidentOn = default, Domid = -1 });
        Release(tx, reference);
    }

    /// <summary>Writes down that a VM is suspended, its memory in the image that is noted.</summary>
    public static void Suspend(Transaction tx, Ref<VmRecord> reference)
    {
        VmRows.Update(tx, reference, v => v with { PowerState = VmPowerState.Suspended, ResidentOn = default, Domid = -1 });
        Release(tx, reference);
    }

    /// <summary>
    /// Marks a halted VM's drives and interfaces as not attached, and removes its consoles and what its guest said; it is to be nowhere.
    /// </summary>
    public static void Release(Transaction tx, Ref<VmRecord> reference)
    {
        var vm = tx.Get(reference);
        if (!vm.ScheduledToBeResidentOn.IsNull)
        {
            tx.Update(reference, v => v with { ScheduledToBeResidentOn = default });
        }

        foreach (var vbd in vm.Vbds.Where(b => tx.Get(b).CurrentlyAttached))
        {
            DeviceRows.Update(tx, vbd, b => b with { CurrentlyAttached = false });
        }

        foreach (var vif in vm.Vifs.Where(v => tx.Get(v).CurrentlyAttached))
        {
            DeviceRows.Update(tx, vif, v => v with { CurrentlyAttached = false });
        }

        ConsoleRows.Delete(tx, vm);
        GuestMetrics.Delete(tx, reference);
    }

    /// <summary>
    /// Whether what a host says of a VM counts: it is there, or nowhere. A host that the pool has forgotten holds nothing.
    /// </summary>
    public static bool CanBeAt(Transaction tx, VmRecord vm, Ref<HostRecord> host) =>
        Hosts.PlaceOf(vm) is not { IsNull: false } place || place == host || tx.Find(place) is null;

    private static VmPowerState? PowerState(DomainState? domain) => domain?.PowerState switch
    {
        DomainPowerState.Running or DomainPowerState.ShuttingDown => VmPowerState.Running,
        DomainPowerState.Paused or DomainPowerState.PausedByDiskError or DomainPowerState.Asleep => VmPowerState.Paused,
        DomainPowerState.Crashed or null => null,
    };
}
