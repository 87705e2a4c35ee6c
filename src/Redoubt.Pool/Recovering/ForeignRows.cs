using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Which of a foreign database's VMs can be recovered. Pure; the planner asks the same (<see cref="UnusableRows"/>).</summary>
internal static class ForeignRows
{
    /// <summary>Why nothing can be recovered from a VM's rows; null if it can.</summary>
    public static string? WhyUnusable(DatabaseState foreign, VmRecord vm)
    {
        var isSuspended = vm.PowerState == VmPowerState.Suspended;
        var image = isSuspended ? foreign.Find(vm.SuspendVdi) : null;
        return UnusableRows.Why(vm, Count<VmRecord>(foreign, vm.Uuid, v => v.Uuid))
            ?? (isSuspended && image is null ? "it was suspended, and the database does not know where its suspended state is" : null)
            ?? vm.Vbds.Select(foreign.Find).OfType<VbdRecord>().Where(b => b.Type != VbdType.Cd).Select(b => foreign.Find(b.Vdi))
                .Append(image).OfType<VdiRecord>()
                .Select(disk => Why(foreign, disk)).FirstOrDefault(why => why is not null);
    }

    /// <summary>Whether a vApp can't be recovered as one, so that its VMs are recovered each by itself.</summary>
    public static bool IsUnusable(DatabaseState foreign, VmApplianceRecord appliance) =>
        UnusableRows.Is(appliance, Count<VmApplianceRecord>(foreign, appliance.Uuid, a => a.Uuid));

    private static string? Why(DatabaseState foreign, VdiRecord disk) => foreign.Find(disk.Sr) is { ContentType: "iso" } ? null
        : UnusableRows.Why(disk, foreign.Find(disk.Sr), Count<VdiRecord>(foreign, disk.Uuid, v => v.Uuid));

    private static int Count<T>(DatabaseState foreign, string uuid, Func<T, string> uuidOf)
        where T : Record, IRecord<T>,
        new() => foreign.All<T>().Count(r => string.Equals(uuidOf(r.Record), uuid, StringComparison.OrdinalIgnoreCase));
}
