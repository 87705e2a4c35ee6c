namespace Redoubt.Recovery.Tests.Planning;

/// <summary>What holds for every plan, whatever the facts.</summary>
public sealed class PlanPropertyTests
{
    [Fact]
    public void The_same_input_gives_the_same_plan_in_whatever_order_it_comes() => ArbitraryScenes.Hold(seed =>
    {
        var scene = ArbitraryScenes.Make(seed);
        var plan = Planner.Plan(scene.Policy, scene.Inventory).ToJson();
        Assert.Equal(plan, Planner.Plan(scene.Policy, scene.Inventory).ToJson());
        Assert.Equal(plan, Planner.Plan(scene.Policy, ArbitraryScenes.Shuffled(scene.Inventory, seed)).ToJson());
    });

    [Fact]
    public void Every_chosen_VM_is_recovered_exactly_once_or_something_blocks_it() => ArbitraryScenes.Hold(seed =>
    {
        var plan = ArbitraryScenes.Make(seed).Plan();
        var recovered = plan.Steps.SelectMany(s => s switch
        {
            RecoverAppliance all => all.Vms.Select(v => v.Uuid),
            RecoverVm one => [one.Vm.Uuid],
            _ => [],
        }).ToList();
        Assert.Equal(recovered.Count, recovered.Distinct().Count());
        var blocked = plan.Findings.Where(f => f.Severity == Severity.Block).SelectMany(f => f.Affects).Select(v => v.Uuid).ToHashSet();
        // Where the newest copy is the target's own and everything was chosen, there is nothing to recover.
        Assert.All(
            plan.Choices.Where(c => c.Chosen is not { VolumeUuid: null }),
            c => Assert.True(recovered.Contains(c.Vm.Uuid) || blocked.Contains(c.Vm.Uuid)));
        Assert.Empty(recovered.Except(plan.Choices.Select(c => c.Vm.Uuid)));
    });

    [Fact]
    public void Tiers_ascend_and_hold_each_recovered_VM_once() => ArbitraryScenes.Hold(seed =>
    {
        var plan = ArbitraryScenes.Make(seed).Plan();
        Assert.Equal(plan.Tiers.Select(t => t.Order).Distinct().Order(), plan.Tiers.Select(t => t.Order));
        var vms = plan.Tiers.SelectMany(t => t.Vms).Select(v => v.Uuid).ToList();
        Assert.Equal(vms.Count, vms.Distinct().Count());
        var started = plan.Steps.OfType<StartTier>().Select(s => s.Order).ToList();
        Assert.Equal(started.Order(), started);
    });

    [Fact]
    public void Only_a_finding_that_says_so_blocks() => ArbitraryScenes.Hold(seed =>
    {
        var plan = ArbitraryScenes.Make(seed).Plan();
        Assert.Equal(plan.Findings.Any(f => f.Severity == Severity.Block), plan.IsBlocked);
        var harmless = plan with { Findings = [.. plan.Findings.Where(f => f.Severity != Severity.Block)] };
        Assert.False(harmless.IsBlocked);
    });

    [Fact]
    public void Steps_work_on_objects_of_the_inventory_only() => ArbitraryScenes.Hold(seed =>
    {
        var scene = ArbitraryScenes.Make(seed);
        var json = scene.Inventory.ToJson();
        Assert.All(scene.Plan().Steps.SelectMany(s => s.Objects), o => Assert.Contains($"\"{o.Uuid}\"", json, StringComparison.Ordinal));
    });

    [Fact]
    public void Everything_is_recovered_before_anything_starts_and_the_source_is_fenced_before_that() => ArbitraryScenes.Hold(seed =>
    {
        var steps = ArbitraryScenes.Make(seed).Plan().Steps.Select((s, i) => (Step: s, Index: i)).ToList();
        var firstStart = steps.Where(s => s.Step is StartTier).Select(s => s.Index).DefaultIfEmpty(int.MaxValue).First();
        Assert.All(
            steps.Where(s => s.Step is FenceSource or RecoverVm or RecoverAppliance or MapNetworks),
            s => Assert.True(s.Index < firstStart));
        Assert.Equal(steps.Count, steps.Select(s => s.Step.Key).Distinct().Count());
    });

    [Fact]
    public void A_VM_that_is_not_chosen_changes_nothing() => ArbitraryScenes.Hold(seed =>
    {
        var (scene, more) = (ArbitraryScenes.Make(seed), ArbitraryScenes.Make(seed));
        more.AddVm("unrelated", order: 1);
        foreach (var s in new[] { scene, more })
        {
            s.Policy = s.Policy with { Chosen = new() { Vms = ["vm1", "vm2"], Tags = ["gold"] } };
        }

        Assert.Equal(scene.Plan().ToJson(), more.Plan().ToJson());
    });

    [Fact]
    public void One_more_chosen_VM_changes_nothing_for_the_others() => ArbitraryScenes.Hold(seed =>
    {
        var (scene, more) = (ArbitraryScenes.Make(seed), ArbitraryScenes.Make(seed));
        scene.Policy = more.Policy = scene.Policy with { Chosen = new() };
        more.AddVm("unrelated", order: 1);
        var (before, after) = (scene.Plan(), more.Plan());
        Assert.Empty(before.Choices.Select(c => (c.Vm, c.Chosen, c.Reason)).Except(after.Choices.Select(c => (c.Vm, c.Chosen, c.Reason))));
        Assert.Empty(before.Steps.OfType<RecoverVm>().Select(s => s.Key).Except(after.Steps.Select(s => s.Key)));
        Assert.Empty(before.Findings.Where(f => f.Object.Kind == ObjectKind.Vm).Select(f => (f.Code, f.Object, f.Sentence))
            .Except(after.Findings.Select(f => (f.Code, f.Object, f.Sentence))));
    });

    [Fact]
    public void Inventory_and_plan_go_to_JSON_and_back() => ArbitraryScenes.Hold(seed =>
    {
        var scene = ArbitraryScenes.Make(seed);
        var inventory = scene.Inventory.ToJson();
        Assert.Equal(inventory, Inventory.FromJson(inventory).ToJson());
        var plan = scene.Plan();
        Assert.Equal(plan.ToJson(), Planner.Plan(scene.Policy, Inventory.FromJson(inventory)).ToJson());
        Assert.Equal(plan.ToJson(), RecoveryPlan.FromJson(plan.ToJson()).ToJson());
        Assert.Empty(PlanDiff.Between(plan, RecoveryPlan.FromJson(plan.ToJson())).Changes);
        Assert.NotEmpty(plan.ToText());
    });
}
