using System.Runtime.CompilerServices;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Which of a foreign database's VMs can be recovered. Pure; the planner asks the same (<see cref="UnusableRows"/>).</summary>
internal static class ForeignRows
{
    // A table never changes, and each VM that is recovered asks: counting anew for each would grow with the square of the pool.
    private static readonly ConditionalWeakTable<Table, Dictionary<string, int>> Counts = [];

    /// <summary>Why nothing can be recovered from a VM's rows; null if it can.</summary>
    public static string? WhyUnusable(DatabaseState foreign, VmRecord vm)
    {
        var isSuspended = vm.PowerState == VmPowerState.Suspended;
        var image = isSuspended ? foreign.Find(vm.SuspendVdi) : null;
        return UnusableRows.Why(vm, Count<VmRecord>(foreign, vm.Uuid))
            ?? (isSuspended && image is null ? "it was suspended, and the database does not know where its suspended state is" : null)
            ?? vm.Vbds.Select(foreign.Find).OfType<VbdRecord>().Where(b => b.Type != VbdType.Cd).Select(b => foreign.Find(b.Vdi))
                .Append(image).OfType<VdiRecord>()
                .Select(disk => Why(foreign, disk)).FirstOrDefault(why => why is not null);
    }

    /// <summary>Whether a vApp can't be recovered as one, so that its VMs are recovered each by itself.</summary>
    public static bool IsUnusable(DatabaseState foreign, VmApplianceRecord appliance) =>
        UnusableRows.Is(appliance, Count<VmApplianceRecord>(foreign, appliance.Uuid));

    private static string? Why(DatabaseState foreign, VdiRecord disk) => foreign.Find(disk.Sr) is { ContentType: "iso" } ? null
        : UnusableRows.Why(disk, foreign.Find(disk.Sr), Count<VdiRecord>(foreign, disk.Uuid));

    private static int Count<T>(DatabaseState foreign, string uuid)
        where T : Record, IRecord<T>, new() =>
        Counts.GetValue(foreign.Table(T.Declaration), CountUuids).GetValueOrDefault(uuid);

    private static Dictionary<string, int> CountUuids(Table table) =>
        table.Rows.CountBy(r => table.Class.FindField("uuid")!.GetValue(r.Record) as string ?? "", StringComparer.OrdinalIgnoreCase)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
}
