using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Server.Console.Recover;

/// <summary>What is selected as a whole: a vApp with its VMs, or a VM in none.</summary>
/// <param name="Appliance">The vApp; null for a VM in none.</param>
/// <param name="Vms">Its VMs.</param>
public sealed record Unit(PlanObject? Appliance, ImmutableArray<PlanObject> Vms)
{
    /// <summary>What it is selected by.</summary>
    public string Uuid => Appliance?.Uuid ?? Vms[0].Uuid;

    /// <summary>Its name.</summary>
    public string Name => Appliance?.Name ?? Vms[0].Name;

    /// <summary>What a plan recovers, vApps first. VMs that nothing can be decided of yet stand alone.</summary>
    public static ImmutableArray<Unit> Of(RecoveryPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var units = plan.Steps.OfType<RecoverAppliance>().Select(s => new Unit(s.Appliance, s.Vms))
            .Concat(plan.Steps.OfType<RecoverVm>().Select(s => new Unit(null, [s.Vm]))).ToList();
        var known = units.SelectMany(u => u.Vms).Select(v => v.Uuid).ToHashSet();
        units.AddRange(plan.Choices.Where(c => c.Chosen is null && !known.Contains(c.Vm.Uuid)).Select(c => new Unit(null, [c.Vm])));
        return [.. units.OrderBy(u => u.Appliance is null).ThenBy(u => u.Name, StringComparer.OrdinalIgnoreCase)];
    }
}
