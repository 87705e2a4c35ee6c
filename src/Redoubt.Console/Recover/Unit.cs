using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Console.Recover;

/// <summary>What is selected as a whole: a vApp with its VMs, or a VM in none.</summary>
/// <param name="Appliance">The vApp; null for a VM in none.</param>
/// <param name="Vms">Its VMs, and where each is taken from.</param>
public sealed record Unit(PlanObject? Appliance, ImmutableArray<VmChoice> Vms)
{
    /// <summary>What it is selected by.</summary>
    public string Uuid => Appliance?.Uuid ?? Vms[0].Vm.Uuid;

    /// <summary>Its name.</summary>
    public string Name => Appliance?.Name ?? Vms[0].Vm.Name;

    /// <summary>Whether there is nothing to recover of it, since the newest copies are this pool's own.</summary>
    public bool IsHere => Vms.All(v => v.Chosen is { VolumeUuid: null });

    /// <summary>The pool that it comes from.</summary>
    public string Pool =>
        Vms.SelectMany(v => v.Chosen is { } chosen ? v.Others.Prepend(chosen) : v.Others).First(c => c.VolumeUuid is not null).PoolName;

    /// <summary>All that a plan decides on, whatever comes of it: by pool, vApps first.</summary>
    public static ImmutableArray<Unit> Of(RecoveryPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return
        [
            .. plan.Choices.GroupBy(c => c.Appliance?.Uuid ?? c.Vm.Uuid)
                .Select(g => new Unit(g.First().Appliance, [.. g.OrderBy(c => c.Vm.Name, StringComparer.OrdinalIgnoreCase)]))
                .Select(u => (Unit: u, u.Pool))
                .OrderBy(u => u.Unit.IsHere).ThenBy(u => u.Pool, StringComparer.OrdinalIgnoreCase)
                .ThenBy(u => u.Unit.Appliance is null).ThenBy(u => u.Unit.Name, StringComparer.OrdinalIgnoreCase).Select(u => u.Unit),
        ];
    }

    /// <summary>The VMs of it that somebody looks for: all of them if it is the vApp that is meant.</summary>
    /// <param name="search">A part of a name or of a tag; empty for everything.</param>
    public ImmutableArray<VmChoice> Find(string search) =>
        search.Length == 0 || (Appliance is not null && Has(Name, search))
            ? Vms
            : [.. Vms.Where(v => Has(v.Vm.Name, search) || v.Tags.Any(t => Has(t, search)))];

    private static bool Has(string text, string search) => text.Contains(search, StringComparison.OrdinalIgnoreCase);
}
