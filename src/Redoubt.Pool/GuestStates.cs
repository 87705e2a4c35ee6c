using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Makes a VM's record true to what the hypervisor says of it. Pure but for the transaction.</summary>
internal static class GuestStates
{
    /// <summary>Applies the state of a VM's domain; null: it has none.</summary>
    public static void Apply(Transaction tx, Ref<VmRecord> reference, DomainState? domain, Ref<HostRecord> host)
    {
        if (tx.Find(reference) is not { } vm)
        {
            return;
        }

        if (PowerState(domain) is { } state)
        {
            tx.Update(reference, v => Operations.WithAllowed(v with { PowerState = state, ResidentOn = host, Domid = domain!.Id }));
            Attach(tx, vm, true);
        }
        else if (vm.PowerState is VmPowerState.Running or VmPowerState.Paused)
        {
            tx.Update(reference, v => Operations.WithAllowed(v with { PowerState = VmPowerState.Halted, ResidentOn = default, Domid = -1 }));
            Attach(tx, vm, false);
        }
    }

    private static VmPowerState? PowerState(DomainState? domain) => domain?.PowerState switch
    {
        DomainPowerState.Running or DomainPowerState.ShuttingDown => VmPowerState.Running,
        DomainPowerState.Paused or DomainPowerState.PausedByDiskError or DomainPowerState.Asleep => VmPowerState.Paused,
        DomainPowerState.Crashed or null => null,
    };

    private static void Attach(Transaction tx, VmRecord vm, bool attached)
    {
        foreach (var vbd in vm.Vbds.Where(b => tx.Get(b).CurrentlyAttached != attached))
        {
            tx.Update(vbd, b => b with { CurrentlyAttached = attached });
        }

        foreach (var vif in vm.Vifs.Where(v => !attached && tx.Get(v).CurrentlyAttached))
        {
            // Which interfaces a running guest has plugged is known to whoever started it; a halted one has none.
            tx.Update(vif, v => v with { CurrentlyAttached = false });
        }
    }
}
