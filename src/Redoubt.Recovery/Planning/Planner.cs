using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// Makes a plan from a policy and an inventory. It is a pure function: the same input gives the same plan, whatever the order in which a
/// server listed things, with no clock, no network and no chance in it.
/// <code>
/// 1 the newest copy of each VM, and which of the VMs are meant      VmSelector, CopyRanking
/// 2 what one call recovers: a vApp, or a loose VM                   UnitChecks
/// 3 findings: everything an operator should know before             Checks/
/// 4 tiers, and the steps in their order                             StepList
/// </code>
/// A finding that blocks does not shorten the plan: it shows what will be done once the finding is dealt with. Only what can't be known
/// (which copy, half a vApp) is left out of the steps.
/// </summary>
public static class Planner
{
    // A month. What foreign metadata say may be anything, and no number there must keep a plan from being made.
    private const long LongestDelay = 30 * 24 * 3600;

    /// <summary>Makes the plan.</summary>
    public static RecoveryPlan Plan(RecoveryPolicy policy, Inventory inventory)
    {
        var facts = inventory.Sorted();
        var findings = new FindingList();
        // By reference: comparing whole databases would be slow, and there is one index for each volume.
        var volumes = new Dictionary<VolumeFacts, DatabaseIndex>(ReferenceEqualityComparer.Instance);
        foreach (var volume in facts.Volumes.Where(v => v.Database is not null))
        {
            volumes[volume] = new DatabaseIndex(volume.Database!);
        }

        var selected = new VmSelector(policy, facts, volumes, findings).Run();
        var scene = new PlanScene(policy, facts, volumes, selected.Chosen);
        var units = UnitChecks.Run(scene, findings);
        var tiers = Tiers(units.SelectMany(u => u.Vms));

        PoolChecks.Run(scene, findings);
        ServerChecks.Run(scene, findings);
        MetadataChecks.Run(scene, findings);
        StorageChecks.Run(scene, findings);
        CopyChecks.Run(scene, findings);
        DiskChecks.Run(scene, findings);
        DiskCopyChecks.Run(scene, findings);
        NetworkChecks.Run(scene, findings);
        PresenceChecks.Run(scene, findings);
        SourceChecks.Run(scene, findings);
        GuestChecks.Run(scene, findings);
        CapacityChecks.Run(scene, tiers, findings);
        var resolution = Resolution.Of(policy, [.. findings.Sorted()]);
        return new RecoveryPlan
        {
            Kind = policy.Kind,
            Target = scene.PoolObject,
            InventoryTakenAt = facts.TakenAt,
            Choices = [.. selected.Choices],
            StatedDead = scene.IsTest ? [] : DeadStatement.Of(scene, [.. scene.Sources.Select(s => s.Pool)]).Covered,
            Findings = resolution.Findings,
            Tiers = tiers,
            Steps = [.. new StepList(scene, units, tiers, resolution.Fixes).Make()],
        };
    }

    // By order alone, over members of vApps and loose VMs alike.
    private static ImmutableArray<PlanTier> Tiers(IEnumerable<ChosenVm> vms) =>
    [
        .. vms.GroupBy(v => v.Order).OrderBy(g => g.Key).Select(tier => new PlanTier(
            tier.Key,
            [.. tier.Select(v => v.Object).OrderBy(o => o.Name, StringComparer.Ordinal).ThenBy(o => o.Uuid, StringComparer.Ordinal)],
            TimeSpan.FromSeconds(Math.Clamp(tier.Max(v => v.Vm.StartDelaySeconds), 0, LongestDelay)))),
    ];
}
