using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What belongs to a VM in the database.</summary>
internal static class VmRows
{
    /// <summary>The VM's UUID as the hypervisor takes it.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: the record has no proper UUID.</exception>
    public static Guid Uuid(VmRecord vm) =>
        Guid.TryParseExact(vm.Uuid, "D", out var uuid) ? uuid : throw new XenApiException("INVALID_VALUE", "uuid", vm.Uuid);

    /// <summary>Checks that nothing is being done with a VM, so that its devices may be changed.</summary>
    /// <exception cref="XenApiException"><c>OTHER_OPERATION_IN_PROGRESS</c>.</exception>
    public static void RequireIdle(Ref<VmRecord> reference, VmRecord vm)
    {
        foreach (var (task, operation) in vm.CurrentOperations)
        {
            throw new XenApiException(
                "OTHER_OPERATION_IN_PROGRESS", "VM", reference.Opaque, VmOperationsType.Instance.Encode(operation), task);
        }
    }

    /// <summary>
    /// Checks that a VM's devices may be changed: that nothing is being done with it, and that they are the pool's to change.
    /// </summary>
    /// <exception cref="XenApiException"><c>OTHER_OPERATION_IN_PROGRESS</c>, <c>OPERATION_NOT_ALLOWED</c>.</exception>
    public static void RequireChangeable(Ref<VmRecord> reference, VmRecord vm)
    {
        RequireIdle(reference, vm);
        AdoptedVm.RequireOwn(vm, "a change of its devices");
    }

    /// <summary>
    /// Changes a VM, and keeps what follows from its state true: the operations allowed on it and on the vApps it belongs to.
    /// </summary>
    public static void Update(Transaction tx, Ref<VmRecord> reference, Func<VmRecord, VmRecord> change)
    {
        var before = tx.Get(reference);
        tx.Update(reference, v => Operations.WithAllowed(change(v)));
        var after = tx.Get(reference);
        if (before.PowerState != after.PowerState)
        {
            DeviceRows.Refresh(tx, after);
        }

        if (before.PowerState != after.PowerState || before.Appliance != after.Appliance)
        {
            RefreshAppliance(tx, before.Appliance);
            RefreshAppliance(tx, after.Appliance);
        }
    }

    /// <summary>
    /// A VM's record without what belongs to its own row alone: its devices, its place, its guest, what is being done with it.
    /// </summary>
    public static VmRecord Unattached(VmRecord like) => like with
    {
        CurrentOperations = ImmutableSortedDictionary<string, VmOperations>.Empty,
        Consoles = [],
        Vifs = [],
        Vbds = [],
        Vusbs = [],
        CrashDumps = [],
        Vtpms = [],
        Vgpus = [],
        AttachedPcis = [],
        Snapshots = [],
        Children = [],
        Parent = default,
        ResidentOn = default,
        ScheduledToBeResidentOn = default,
        Domid = -1,
        GuestMetrics = default,
        SnapshotInfo = AdoptedVm.WithoutOrigin(like.SnapshotInfo),
    };

    /// <summary>A drive's record without what belongs to its own row alone: what its guest has of it, what is being done with it.</summary>
    public static VbdRecord Unattached(VbdRecord like) => like with
    {
        CurrentlyAttached = false,
        AllowedOperations = AllowedOperations.Of(like with { CurrentlyAttached = false }, VmPowerState.Halted),
        CurrentOperations = ImmutableSortedDictionary<string, VbdOperations>.Empty,
        Metrics = default,
        RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
    };

    /// <summary>The same of an interface.</summary>
    public static VifRecord Unattached(VifRecord like) => like with
    {
        CurrentlyAttached = false,
        AllowedOperations = AllowedOperations.Of(like with { CurrentlyAttached = false }, VmPowerState.Halted),
        CurrentOperations = ImmutableSortedDictionary<string, VifOperations>.Empty,
        Metrics = default,
        RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
    };

    /// <summary>
    /// Removes the VM as <see cref="Delete"/> does, from the tree of its snapshots as well. Those outlive the VM they were taken of, as in
    /// xapi; they can still be made a VM again.
    /// </summary>
    public static void Destroy(Transaction tx, Ref<VmRecord> reference)
    {
        foreach (var snapshot in tx.Get(reference).Snapshots)
        {
            tx.Update(snapshot, s => s with { SnapshotOf = default });
        }

        foreach (var child in tx.Get(reference).Children)
        {
            tx.Update(child, c => c with { Parent = tx.Get(reference).Parent });
        }

        Delete(tx, reference);
    }

    /// <summary>Removes the VM with its drives, interfaces, TPM, consoles and metrics. Its disks stay.</summary>
    public static void Delete(Transaction tx, Ref<VmRecord> reference)
    {
        if (tx.Find(reference) is not { } vm)
        {
            return;
        }

        DeleteDevices(tx, vm);
        ConsoleRows.Delete(tx, vm);
        tx.Delete(vm.Metrics);
        tx.Delete(vm.GuestMetrics);
        tx.Delete(reference);
        RefreshAppliance(tx, vm.Appliance);
    }

    /// <summary>Removes a VM's drives, interfaces and TPM. Its disks stay.</summary>
    public static void DeleteDevices(Transaction tx, VmRecord vm)
    {
        foreach (var vbd in vm.Vbds)
        {
            tx.Delete(vbd);
        }

        foreach (var vif in vm.Vifs)
        {
            tx.Delete(vif);
        }

        foreach (var tpm in vm.Vtpms)
        {
            VirtualTpms.Delete(tx, tpm);
        }
    }

    /// <summary>Recomputes what may be done with a vApp.</summary>
    public static void RefreshAppliance(Transaction tx, Ref<VmApplianceRecord> appliance)
    {
        // A vApp that was destroyed by xapi leaves references to it behind.
        if (tx.Find(appliance) is not null)
        {
            tx.Update(appliance, a => AllowedOperations.Apply(tx, a));
        }
    }
}
