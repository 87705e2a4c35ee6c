using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What belongs to a VM in the database.</summary>
internal static class VmRows
{
    /// <summary>Removes the VM with its drives, interfaces, consoles and metrics. Its disks stay.</summary>
    public static void Delete(Transaction tx, Ref<VmRecord> reference)
    {
        if (tx.Find(reference) is not { } vm)
        {
            return;
        }

        foreach (var vbd in vm.Vbds)
        {
            tx.Delete(vbd);
        }

        foreach (var vif in vm.Vifs)
        {
            tx.Delete(vif);
        }

        foreach (var console in vm.Consoles)
        {
            tx.Delete(console);
        }

        tx.Delete(vm.Metrics);
        tx.Delete(vm.GuestMetrics);
        tx.Delete(reference);
    }
}
