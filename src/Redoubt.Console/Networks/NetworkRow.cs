using Redoubt.Console.Parts;
using Redoubt.Database;
using Redoubt.XenApi;
using T = Redoubt.Console.Networks.NetworksText;

namespace Redoubt.Console.Networks;

/// <summary>A network as a list shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="Users">The VMs with interfaces on it.</param>
internal sealed record NetworkRow(Ref<NetworkRecord> Ref, NetworkRecord Record, VmUsers Users) : ISortedRow<NetworkColumn>
{
    /// <inheritdoc/>
    public string Name => Record.NameLabel.Length > 0 ? Record.NameLabel : Record.Bridge;

    /// <summary>Whether it belongs to a test failover, and goes with it.</summary>
    public bool IsOfTest => Record.OtherConfig.ContainsKey(Marks.Test);

    /// <summary>Why it can't be destroyed; null: it can.</summary>
    public string? WhyNotDestroy => IsOfTest ? T.IsOfTest : Record.Vifs.Count > 0 ? T.InUse(Users.InWords) : null;

    /// <summary>All there are.</summary>
    public static List<NetworkRow> All(DatabaseState state) =>
    [
        .. state.All<NetworkRecord>().Select(n => new NetworkRow(
            n.Ref, n.Record, VmUsers.Of(state, n.Record.Vifs.Select(state.Find).OfType<VifRecord>().Select(v => v.Vm)))),
    ];

    /// <inheritdoc/>
    public bool Matches(string text) =>
        text.Length == 0 || Has(Name, text) || Has(Record.Bridge, text) || Users.Shown.Any(v => Has(v.Name, text));

    /// <inheritdoc/>
    public IComparable Key(NetworkColumn column) => column switch
    {
        NetworkColumn.Name => Name,
        NetworkColumn.Bridge => Record.Bridge,
        NetworkColumn.Mtu => Record.Mtu,
        NetworkColumn.Vms => Users.Shown.Count,
    };

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
}
