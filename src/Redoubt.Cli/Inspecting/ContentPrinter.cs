using Redoubt.Cli.Output;
using Redoubt.Inspection;

namespace Redoubt.Cli.Inspecting;

/// <summary>Prints what is in a database.</summary>
internal sealed class ContentPrinter(Terminal terminal, PoolContent content)
{
    public void Print(string? vm)
    {
        if (vm is not null)
        {
            Section("VMs", content.Vms, PrintVm);
            return;
        }

        Section("vApps", content.Appliances, PrintAppliance);
        Section("VMs in vApps", [.. content.Vms.Where(v => v.ApplianceUuid is not null)], PrintVm);
        Section("Loose VMs", [.. content.Vms.Where(v => v.ApplianceUuid is null)], PrintVm);
        Section("SRs", content.Srs, PrintSr);
        Section(
            "Networks",
            content.Networks,
            n => Line(
                $"  {PlainText.Clean(n.NameLabel)}  ({n.Uuid})  bridge {PlainText.Clean(n.Bridge)}, "
                    + $"{PlainText.Count(n.Interfaces, "VM interface")}"));
        Section(
            "Hosts", content.Hosts,
            h => Line($"  {PlainText.Clean(h.NameLabel)}  ({h.Uuid})  {PlainText.Clean(h.Address)}, {PlainText.Clean(h.Software)}"));
        if (content.Templates > 0)
        {
            Line("");
            Line($"And {PlainText.Count(content.Templates, "template")}.");
        }
    }

    private void PrintAppliance(ApplianceSummary appliance)
    {
        Line($"  {PlainText.Clean(appliance.NameLabel)}  ({appliance.Uuid})");
        foreach (var member in appliance.Members)
        {
            Line(
                $"    order {member.Order,-4} "
                    + $"{PlainText.Clean(member.NameLabel)}{Delays(member.StartDelaySeconds, member.ShutdownDelaySeconds)}");
        }
    }

    private void PrintVm(VmSummary vm)
    {
        var kind = vm.Kind == "vm" ? "" : $"{vm.Kind}, ";
        var where = vm.ResidentOn is null ? "" : $" on {PlainText.Clean(vm.ResidentOn)}";
        Line($"  {PlainText.Clean(vm.NameLabel)}  ({vm.Uuid})");
        Line($"    {kind}{PlainText.Clean(vm.PowerState)}{where}, {PlainText.Count((int)Math.Min(vm.Vcpus, int.MaxValue), "vCPU")}, {PlainText.Bytes(vm.MemoryBytes)}, version {vm.Version}, order {vm.Order}{Delays(vm.StartDelaySeconds, vm.ShutdownDelaySeconds)}{(vm.HaRestartPriority.Length > 0 ? $", HA {PlainText.Clean(vm.HaRestartPriority)}" : "")}");
        foreach (var disk in vm.Disks)
        {
            Line(disk.VdiUuid is null
                ? $"    {disk.Type,-4} {PlainText.Clean(disk.Position),-3} empty"
                : $"    {disk.Type,-4} {PlainText.Clean(disk.Position),-3} {PlainText.Clean(disk.NameLabel)}, "
                    + $"{PlainText.Bytes(disk.SizeBytes)}, on SR {PlainText.Clean(disk.SrNameLabel)} ({disk.SrUuid}) as "
                    + $"{PlainText.Clean(disk.Location)}{(disk.Bootable ? ", boots" : "")}");
        }

        foreach (var nic in vm.Interfaces)
        {
            Line(
                $"    NIC  {PlainText.Clean(nic.Device),-3} {PlainText.Clean(nic.Mac)} on "
                    + $"{(nic.NetworkUuid is null ? "no network" : PlainText.Clean(nic.NetworkNameLabel))}");
        }

        if (vm.Snapshots.Count > 0)
        {
            Line($"    {PlainText.Count(vm.Snapshots.Count, "snapshot")}: {string.Join(", ", vm.Snapshots.Select(PlainText.Clean))}");
        }
    }

    private void PrintSr(SrSummary sr)
    {
        Line(
            $"  {PlainText.Clean(sr.NameLabel)}  ({sr.Uuid})  {PlainText.Clean(sr.Type)}{(sr.Shared ? ", shared" : "")}, "
                + $"{PlainText.Count(sr.Disks, "disk")}{(sr.HoldsMetadata ? ", PROTECTED: this pool's metadata is written to it" : "")}");
        foreach (var way in sr.Connections)
        {
            Line(
                $"    {(way.Attached ? "attached" : "not attached")} at "
                    + $"{(way.Host is null ? "a host that is gone" : PlainText.Clean(way.Host))}: "
                    + $"{string.Join(' ', way.DeviceConfig.Select(c => PlainText.Clean($"{c.Key}={c.Value}")))}");
        }
    }

    private static string Delays(long start, long shutdown) =>
        (start > 0 ? $", then wait {start} s" : "") + (shutdown > 0 ? $", wait {shutdown} s after its shutdown" : "");

    private void Section<T>(string title, IReadOnlyList<T> items, Action<T> print)
    {
        if (items.Count == 0)
        {
            return;
        }

        Line("");
        Line($"{title} ({items.Count})");
        foreach (var item in items)
        {
            print(item);
        }
    }

    private void Line(string text) => terminal.PrintLine(text);
}
