using Redoubt.Console.Parts;
using Redoubt.Database;
using Redoubt.XenApi;
using T = Redoubt.Console.Srs.SrsText;

namespace Redoubt.Console.Srs;

/// <summary>A disk as an SR's page shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="Kind">What it is for, in words.</param>
/// <param name="Users">The VMs that have it in a drive.</param>
internal sealed record DiskRow(Ref<VdiRecord> Ref, VdiRecord Record, string Kind, VmUsers Users) : ISortedRow<DiskColumn>
{
    /// <inheritdoc/>
    public string Name => Record.NameLabel.Length > 0 ? Record.NameLabel : Record.Uuid;

    /// <summary>Why it can't be destroyed; null: it can.</summary>
    public string? WhyNotDestroy => Users.Names.Count > 0 ? T.DiskInUse(Users.InWords)
        : Record.Type is VdiType.Metadata or VdiType.RedoLog ? T.DiskIsPools : null;

    /// <summary>All disks of an SR.</summary>
    public static List<DiskRow> All(DatabaseState state, SrRecord? sr) =>
    [
        .. (sr?.Vdis ?? []).Where(v => state.Find(v) is not null).Select(v => (Ref: v, Record: state.Get(v))).Select(disk => new DiskRow(
            disk.Ref, disk.Record, T.Kind(disk.Record, sr!.ContentType == "iso"),
            VmUsers.Of(state, disk.Record.Vbds.Select(state.Find).OfType<VbdRecord>().Select(b => b.Vm)))),
    ];

    /// <inheritdoc/>
    public bool Matches(string text) => text.Length == 0 || Name.Contains(text, StringComparison.OrdinalIgnoreCase)
        || Record.Uuid.StartsWith(text, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IComparable Key(DiskColumn column) => column switch
    {
        DiskColumn.Name => Name,
        DiskColumn.Size => Record.VirtualSize,
        DiskColumn.Used => Record.PhysicalUtilisation,
        DiskColumn.Kind => Kind,
        DiskColumn.Vms => Users.Shown is [var first, ..] ? first.Name : "",
        DiskColumn.State => Record.Missing ? 1 : 0,
    };
}
