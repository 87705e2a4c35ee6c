using Redoubt.Database;
using Redoubt.XenApi;
using T = Redoubt.Console.Srs.SrsText;

namespace Redoubt.Console.Srs;

/// <summary>A disk as an SR's page shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="Kind">What it is for, in words.</param>
/// <param name="Vms">The VMs that have it in a drive.</param>
internal sealed record DiskRow(Ref<VdiRecord> Ref, VdiRecord Record, string Kind, IReadOnlyList<(string Uuid, string Name)> Vms)
{
    /// <summary>What people call it.</summary>
    public string Name => Record.NameLabel.Length > 0 ? Record.NameLabel : Record.Uuid;

    /// <summary>All disks of an SR.</summary>
    public static List<DiskRow> All(DatabaseState state, SrRecord? sr) =>
    [
        .. (sr?.Vdis ?? []).Where(v => state.Find(v) is not null).Select(v => (Ref: v, Record: state.Get(v))).Select(disk => new DiskRow(
            disk.Ref, disk.Record, T.Kind(disk.Record, sr!.ContentType == "iso"),
            [.. disk.Record.Vbds.Select(state.Find).OfType<VbdRecord>().Select(b => state.Find(b.Vm)).OfType<VmRecord>()
                .Where(vm => vm is { IsASnapshot: false, IsATemplate: false }).Select(vm => (vm.Uuid, vm.NameLabel)).Distinct()])),
    ];

    /// <summary>What it is sorted by.</summary>
    public IComparable Key(DiskColumn column) => column switch
    {
        DiskColumn.Name => Name,
        DiskColumn.Size => Record.VirtualSize,
        DiskColumn.Used => Record.PhysicalUtilisation,
        DiskColumn.Kind => Kind,
        DiskColumn.Vms => Vms.Count == 0 ? "" : Vms[0].Name,
        DiskColumn.State => Record.Missing ? 1 : 0,
    };
}
