using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Console.Networks;

/// <summary>A network as a list shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Record">Its record.</param>
/// <param name="Vms">The VMs with interfaces on it, by name.</param>
internal sealed record NetworkRow(Ref<NetworkRecord> Ref, NetworkRecord Record, IReadOnlyList<(string Uuid, string Name)> Vms)
{
    /// <summary>What people call it.</summary>
    public string Name => Record.NameLabel.Length > 0 ? Record.NameLabel : Record.Bridge;

    /// <summary>Whether it belongs to a test failover, and goes with it.</summary>
    public bool IsOfTest => Record.OtherConfig.ContainsKey(Marks.Test);

    /// <summary>All there are.</summary>
    public static List<NetworkRow> All(DatabaseState state) =>
    [
        .. state.All<NetworkRecord>().Select(n => new NetworkRow(
            n.Ref, n.Record,
            [.. n.Record.Vifs.Select(state.Find).OfType<VifRecord>().Select(v => state.Find(v.Vm)).OfType<VmRecord>()
                .Select(vm => (vm.Uuid, vm.NameLabel)).Distinct().OrderBy(vm => vm.NameLabel, StringComparer.OrdinalIgnoreCase)])),
    ];

    /// <summary>Whether it is what somebody looks for.</summary>
    public bool Matches(string text) => text.Length == 0 || Has(Name, text) || Has(Record.Bridge, text) || Vms.Any(v => Has(v.Name, text));

    /// <summary>What it is sorted by.</summary>
    public IComparable Key(NetworkColumn column) => column switch
    {
        NetworkColumn.Name => Name,
        NetworkColumn.Bridge => Record.Bridge,
        NetworkColumn.Mtu => Record.Mtu,
        NetworkColumn.Vms => Vms.Count,
    };

    private static bool Has(string text, string part) => text.Contains(part, StringComparison.OrdinalIgnoreCase);
}
