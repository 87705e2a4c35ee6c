using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.XenApi;

namespace Redoubt.Console.Apps;

/// <summary>A vApp as the console shows it.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">Its description.</param>
/// <param name="Vms">Its VMs.</param>
public sealed record AppView(Ref<VmApplianceRecord> Ref, string Uuid, string Name, string Description, IReadOnlyList<VmView> Vms)
{
    /// <summary>How many of its VMs run.</summary>
    public int Running => Vms.Count(v => v.Power == VmPowerState.Running);

    internal static List<AppView> All(DatabaseState state, ProtectionFacts facts)
    {
        var members = facts.Vms.Where(v => !v.Appliance.IsNull).ToLookup(v => v.Appliance);
        return
        [
            .. state.All<VmApplianceRecord>().Select(a => new AppView(
                    a.Ref, a.Record.Uuid, a.Record.NameLabel.Length > 0 ? a.Record.NameLabel : a.Record.Uuid, a.Record.NameDescription,
                    [.. members[a.Ref]]))
                .OrderBy(a => a.Name, StringComparer.OrdinalIgnoreCase).ThenBy(a => a.Uuid, StringComparer.Ordinal),
        ];
    }
}
