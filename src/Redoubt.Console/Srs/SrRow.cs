using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.XenApi;
using T = Redoubt.Console.Srs.SrsText;

namespace Redoubt.Console.Srs;

/// <summary>An SR as a list shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="Connections">To how many hosts it belongs.</param>
/// <param name="Plugged">How many of them have it attached.</param>
/// <param name="Vms">How many VMs have disks on it.</param>
/// <param name="View">What it does for a recovery; null for one that holds no disks of VMs.</param>
internal sealed record SrRow(Ref<SrRecord> Ref, SrRecord Record, int Connections, int Plugged, int Vms, SrView? View) : ISortedRow<SrColumn>
{
    /// <inheritdoc/>
    public string Name => Record.NameLabel.Length > 0 ? Record.NameLabel : Record.Uuid;

    /// <summary>How full it is, in words.</summary>
    public string Use => Record.PhysicalSize > 0
        ? T.Of(Spans.Bytes(Math.Max(0, Record.PhysicalUtilisation)), Spans.Bytes(Record.PhysicalSize)) : T.SizeUnknown;

    /// <summary>Whether the pool's metadata lie on it, and what shows that.</summary>
    public (string Kind, string Text) Protection => View switch
    {
        { IsForRecovery: true } => ("idle", T.ForRecovery),
        { IsProtected: true } => ("ok", T.Protected),
        { IsAble: true } => (Vms > 0 ? "warn" : "idle", T.NotProtected),
        _ => ("idle", T.NotAble),
    };

    /// <summary>All there are.</summary>
    public static List<SrRow> All(DatabaseState state, ProtectionFacts facts)
    {
        var views = facts.Srs.ToDictionary(s => s.Ref);
        return [.. state.All<SrRecord>().Select(sr => Of(state, sr.Ref, sr.Record, views.GetValueOrDefault(sr.Ref)))];
    }

    /// <summary>One of them.</summary>
    public static SrRow Of(DatabaseState state, Ref<SrRecord> sr, SrRecord record, SrView? view)
    {
        var pbds = record.Pbds.Select(state.Find).OfType<PbdRecord>().ToList();
        return new(sr, record, pbds.Count, pbds.Count(p => p.CurrentlyAttached), view?.Vms ?? 0, view);
    }

    /// <inheritdoc/>
    public bool Matches(string text) => text.Length == 0
        || Name.Contains(text, StringComparison.OrdinalIgnoreCase) || Record.Type.Equals(text, StringComparison.OrdinalIgnoreCase)
        || Record.Uuid.StartsWith(text, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public IComparable Key(SrColumn column) => column switch
    {
        SrColumn.Name => Name,
        SrColumn.Type => Record.Type,
        SrColumn.Use => Record.PhysicalSize > 0 ? (double)Record.PhysicalUtilisation / Record.PhysicalSize : -1.0,
        SrColumn.Protection => Protection.Text,
        SrColumn.Attached => Plugged,
        SrColumn.Vms => Vms,
    };
}
