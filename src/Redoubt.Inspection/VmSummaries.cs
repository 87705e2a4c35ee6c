using System.Globalization;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Inspection;

/// <summary>Sums up one VM. Pure.</summary>
internal static class VmSummaries
{
    public static VmSummary Of(DatabaseState state, Ref<VmRecord> reference, VmRecord vm) => new()
    {
        Uuid = vm.Uuid,
        NameLabel = vm.NameLabel,
        Kind = KindOf(vm),
        PowerState = Spelled(vm, "power_state"),
        ResidentOn = state.Find(vm.ResidentOn)?.NameLabel,
        Vcpus = vm.VcpusAtStartup,
        MemoryBytes = vm.MemoryStaticMax,
        Version = vm.Version,
        ApplianceUuid = state.Find(vm.Appliance)?.Uuid,
        Order = vm.Order,
        StartDelaySeconds = vm.StartDelay,
        ShutdownDelaySeconds = vm.ShutdownDelay,
        HaRestartPriority = vm.HaRestartPriority,
        Disks = [.. vm.Vbds.Select(state.Find).OfType<VbdRecord>().OrderBy(b => Number(b.Userdevice))
            .ThenBy(b => b.Userdevice, StringComparer.Ordinal).Select(b => Disk(state, b))],
        Interfaces = [.. vm.Vifs.Select(state.Find).OfType<VifRecord>().OrderBy(v => Number(v.Device))
            .ThenBy(v => v.Device, StringComparer.Ordinal).Select(v => Interface(state, v))],
        Snapshots = [.. vm.Snapshots.Where(s => s != reference).Select(state.Find).OfType<VmRecord>().OrderBy(s => s.SnapshotTime)
            .Select(s => s.NameLabel)],
    };

    public static string KindOf(VmRecord vm) =>
        vm.IsControlDomain ? "control-domain" : vm.IsASnapshot ? "snapshot" : vm.IsATemplate ? "template" : "vm";

    private static DiskSummary Disk(DatabaseState state, VbdRecord vbd)
    {
        var vdi = state.Find(vbd.Vdi);
        var sr = vdi is null ? null : state.Find(vdi.Sr);
        return new(
            vbd.Userdevice, Spelled(vbd, "type"), vbd.Bootable, vdi?.Uuid, vdi?.Location, vdi?.NameLabel, vdi?.VirtualSize ?? 0, sr?.Uuid,
            sr?.NameLabel);
    }

    private static InterfaceSummary Interface(DatabaseState state, VifRecord vif)
    {
        var network = state.Find(vif.Network);
        return new(vif.Device, vif.Mac, network?.Uuid, network?.NameLabel);
    }

    // A newer version's names are shown as they are.
    private static string Spelled(Record record, string field) => ClassModel.EncodeColumn(record.DeclaredClass.FindField(field)!, record);

    private static int Number(string device) =>
        int.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;
}
