using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Planning;

/// <summary>What people and scripts are shown.</summary>
public sealed class PlanTextTests
{
    [Fact]
    public void The_text_says_the_verdict_first_and_lines_up()
    {
        var text = Shop().Plan().ToText();
        Assert.Equal(
            """
            Plan: failover to pool recovery (9a000000-0000-4000-8000-000000000002), from facts of 2026-03-01 03:00:00Z
            Ready: nothing blocks; 0 warnings.

            VMs, and where each is taken from
              db    11000000-0000-4000-8000-000000000002  pool primary, volume 0d000000-0000-4000-8000-000000000001, version 0  the only copy
              web   11000000-0000-4000-8000-000000000003  pool primary, volume 0d000000-0000-4000-8000-000000000001, version 0  the only copy
              mail  11000000-0000-4000-8000-000000000004  pool primary, volume 0d000000-0000-4000-8000-000000000001, version 0  the only copy

            Start order
              tier 0  db         then 30 seconds
              tier 1  mail, web

            Steps
                1  Take pool primary for dead, as the operator stated            no undo: nothing is changed
                2  Recover vApp shop with db, web                                undo: Remove the records that were made; the disks stay
                3  Recover VM mail                                               undo: Remove the records that were made; the disks stay
                4  Start tier 0: db                                              undo: Shut the VMs down, cleanly and then hard
                5  Wait for tier 0: at least 30 seconds, at most 10 minutes; then go on, whatever has failed  no undo: nothing is changed
                6  Start tier 1: mail, web                                       undo: Shut the VMs down, cleanly and then hard
                7  Wait for tier 1: at most 10 minutes; then go on, whatever has failed  no undo: nothing is changed
                8  Protect SR replicated from here on (enable metadata replication)  undo: Disable metadata replication on the SR

            """,
            text);
    }

    [Fact]
    public void A_difference_names_what_came_what_went_and_what_changed()
    {
        var scene = Shop();
        var before = scene.Plan();
        scene.Target = scene.Target with { Networks = [] };
        scene.Policy = scene.Policy with
        {
            Orders = System.Collections.Immutable.ImmutableSortedDictionary<string, long>.Empty.Add("mail", 2),
        };
        var changes = PlanDiff.Between(before, scene.Plan()).Changes;
        Assert.Contains(changes, c => c is { Kind: ChangeKind.Added, Part: "finding", Subject: "network front" });
        Assert.Contains(changes, c => c is { Kind: ChangeKind.Changed, Part: "tier", Subject: "mail", Text: "tier 1 → tier 2" });
        Assert.Contains(changes, c => c is { Kind: ChangeKind.Added, Part: "step", Subject: "start-tier:2" });
        var back = PlanDiff.Between(scene.Plan(), before).Changes;
        Assert.Contains(back, c => c is { Kind: ChangeKind.Removed, Part: "finding", Subject: "network front" });
        Assert.Equal("No difference.\n", PlanDiff.Between(before, before).ToText());
    }

    [Fact]
    public void A_file_of_another_format_is_refused_in_words()
    {
        Assert.Throws<FormatException>(() => RecoveryPlan.FromJson("{"));
        var inventory = Shop().Inventory.ToJson();
        Assert.Throws<FormatException>(
            () => Inventory.FromJson(inventory.Replace("redoubt-inventory/1", "redoubt-inventory/9", StringComparison.Ordinal)));
        Assert.Throws<FormatException>(() => RecoveryPlan.FromJson(inventory));
    }

    [Fact]
    public void A_migration_fences_syncs_and_waits_for_the_array_before_it_recovers()
    {
        var scene = Shop();
        scene.Policy = new() { Kind = RecoveryKind.Migration };
        scene.AddLiveSource(VmPowerState.Running);
        var plan = scene.Plan();
        Assert.False(plan.IsBlocked);
        Assert.Equal(["FenceSource", "FinalSync", "WaitForOperator", "RecoverAppliance"], plan.Steps.Take(4).Select(s => s.GetType().Name));
        var fence = Assert.IsType<FenceSource>(plan.Steps[0]);
        Assert.Equal(FenceMode.ShutDown, fence.Mode);
        // In reverse: what started last goes down first.
        Assert.Equal("db", fence.Vms[^1].Name);
    }

    [Fact]
    public void A_test_works_on_clones_protects_nothing_and_cleans_up()
    {
        var scene = Shop();
        scene.Policy = new() { Kind = RecoveryKind.Test };
        var steps = scene.Plan().Steps;
        Assert.IsType<CloneForTest>(steps[0]);
        Assert.All(Assert.Single(steps.OfType<MapNetworks>()).Networks, n => Assert.Null(n.To));
        Assert.Empty(steps.OfType<Protect>());
        Assert.Equal(3, Assert.IsType<CleanUp>(steps[^1]).Vms.Length);
    }

    [Fact]
    public void Secrets_of_device_configurations_are_in_no_inventory()
    {
        var masked = DeviceConfigs.Mask(Scene.Map(("target", "10.0.0.1"), ("chappassword", "x"), ("incoming_chapuser", "y"), ("cifspassword_secret", "z"),
            ("passwd", "a"), ("pwd", "b"), ("token", "c"), ("private-key", "d"), ("server", "//ann:open@sesame@nas/share")));
        Assert.Equal(["10.0.0.1"], masked.Values.Where(v => v != DeviceConfigs.Masked));
    }

    private static Scene Shop()
    {
        var scene = new Scene();
        var shop = scene.AddAppliance("shop");
        scene.AddVm("db", 0, shop.Uuid, v => v with { StartDelaySeconds = 30 });
        scene.AddVm("web", 1, shop.Uuid);
        scene.AddVm("mail", 1);
        return scene;
    }
}
