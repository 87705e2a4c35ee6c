using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Drives and interfaces in the database: what may be done with each is kept with every change of it and of its VM.</summary>
internal static class DeviceRows
{
    /// <summary>Adds a drive.</summary>
    public static Ref<VbdRecord> Create(Transaction tx, VbdRecord vbd) =>
        tx.Create(vbd with { AllowedOperations = AllowedOperations.Of(vbd, tx.Get(vbd.Vm).PowerState) });

    /// <summary>Adds an interface.</summary>
    public static Ref<VifRecord> Create(Transaction tx, VifRecord vif) =>
        tx.Create(vif with { AllowedOperations = AllowedOperations.Of(vif, tx.Get(vif.Vm).PowerState) });

    /// <summary>Changes a drive.</summary>
    public static void Update(Transaction tx, Ref<VbdRecord> reference, Func<VbdRecord, VbdRecord> change)
    {
        var (before, now) = (tx.Get(reference), change(tx.Get(reference)));
        var allowed = AllowedOperations.Of(now, tx.Find(now.Vm)?.PowerState ?? VmPowerState.Halted);
        if (now != before || !allowed.SequenceEqual(before.AllowedOperations))
        {
            tx.Update(reference, _ => now with { AllowedOperations = allowed });
        }
    }

    /// <summary>Changes an interface.</summary>
    public static void Update(Transaction tx, Ref<VifRecord> reference, Func<VifRecord, VifRecord> change)
    {
        var (before, now) = (tx.Get(reference), change(tx.Get(reference)));
        var allowed = AllowedOperations.Of(now, tx.Find(now.Vm)?.PowerState ?? VmPowerState.Halted);
        if (now != before || !allowed.SequenceEqual(before.AllowedOperations))
        {
            tx.Update(reference, _ => now with { AllowedOperations = allowed });
        }
    }

    /// <summary>Recomputes what may be done with the devices of a VM.</summary>
    public static void Refresh(Transaction tx, VmRecord vm)
    {
        foreach (var vbd in vm.Vbds.Where(b => tx.Find(b) is not null))
        {
            Update(tx, vbd, b => b);
        }

        foreach (var vif in vm.Vifs.Where(v => tx.Find(v) is not null))
        {
            Update(tx, vif, v => v);
        }
    }

    /// <summary>Checks that nothing is being done with a device of a VM, so that something may be done with the VM.</summary>
    /// <exception cref="XenApiException"><c>OTHER_OPERATION_IN_PROGRESS</c>.</exception>
    public static void RequireIdle(Transaction tx, VmRecord vm)
    {
        foreach (var reference in vm.Vbds)
        {
            if (tx.Find(reference) is { } vbd)
            {
                RequireIdle(reference, vbd);
            }
        }

        foreach (var vif in vm.Vifs)
        {
            foreach (var (task, what) in tx.Find(vif)?.CurrentOperations ?? ImmutableSortedDictionary<string, VifOperations>.Empty)
            {
                throw new XenApiException(
                    "OTHER_OPERATION_IN_PROGRESS", "VIF", vif.Opaque, VifOperationsType.Instance.Encode(what), task);
            }
        }
    }

    /// <summary>Checks that nothing is being done with a drive, so that it may become another one.</summary>
    /// <exception cref="XenApiException"><c>OTHER_OPERATION_IN_PROGRESS</c>.</exception>
    public static void RequireIdle(Ref<VbdRecord> reference, VbdRecord vbd)
    {
        foreach (var (task, what) in vbd.CurrentOperations)
        {
            throw new XenApiException(
                "OTHER_OPERATION_IN_PROGRESS", "VBD", reference.Opaque, VbdOperationsType.Instance.Encode(what), task);
        }
    }
}
