using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>What the fixes of findings do to the rest of a run, and what is left of them.</summary>
public sealed class FixRules
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_VM_that_is_shut_down_here_first_gives_way_and_is_not_looked_for_afterwards(bool isUndone)
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var rows = scene.World.Target.Database;
        var old = rows.Add(
            new VmRecord { NameLabel = "db", PowerState = VmPowerState.Running, MemoryStaticMax = 1 << 26, VcpusAtStartup = 1 },
            FakeWorld.Vm(1));
        scene.Request = scene.Request with
        {
            Policy = scene.Request.Policy with
            {
                Resolve = ["sr-missing", "vm-running-here"],
                Chosen = new() { Appliances = ["shop"] },
                Copies = Scene.Map((FakeWorld.Vm(1), FakeWorld.Volume)),
            },
        };
        if (isUndone)
        {
            scene.World.Target.Refuse(name => name == "VM.start", "NO_HOSTS_AVAILABLE");
        }

        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == (isUndone ? RunPhase.Failed : RunPhase.Succeeded), ended.ToJson());
        Assert.False(rows.Has(old.Opaque));
        if (isUndone)
        {
            scene.World.Target.BeforeAct = null;
            await scene.Engine.UndoAsync(scene.Uuid!, "ann", RealSite.Cancel);
            ended = await scene.FollowAsync();
            Assert.True(ended.Phase == RunPhase.Undone, ended.ToJson());
            Assert.DoesNotContain(rows.All<VmRecord>(), v => v.Record.PowerState == VmPowerState.Running);
        }
    }

    [Fact]
    public async Task What_a_test_had_mended_for_it_is_as_it_was_when_it_has_been_cleaned_up()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        var rows = scene.World.Target.Database;
        var pbd = rows.Add(
            new PbdRecord
            {
                Sr = rows.Find<SrRecord>(FakeWorld.SrA),
                Host = rows.All<HostRecord>().Single().Ref,
                CurrentlyAttached = false,
            });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Resolve = ["sr-missing", "sr-partly-attached"] } };
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Contains(scene.World.Target.Acts, a => a.StartsWith("PBD.plug ", StringComparison.Ordinal));
        Assert.False(rows.Get(pbd).CurrentlyAttached);
    }

    [Fact]
    public void A_test_leaves_high_availability_alone()
    {
        var scene = new Scene();
        scene.AddVm("db", with: v => v with { IsKeptRunningByHa = true });
        scene.Policy = scene.Policy with { Kind = RecoveryKind.Test };
        scene.Target = scene.Target with { Pool = scene.Target.Pool with { IsHaEnabled = true } };
        Assert.DoesNotContain(scene.Plan().Findings, f => f.Code.StartsWith("ha-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task High_availability_is_off_for_the_run_and_on_again_with_its_heartbeat_when_it_is_undone()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var rows = scene.World.Target.Database;
        var heartbeat = rows.Add(new SrRecord { NameLabel = "heartbeat", Shared = true });
        var statefile = rows.Add(new VdiRecord { Sr = heartbeat, Type = VdiType.HaStatefile });
        rows.Set(scene.World.Target.Pool, p => p with { HaEnabled = true, HaStatefiles = [statefile.Opaque] });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Resolve = ["sr-missing", "ha-enabled"] } };
        scene.World.Target.Refuse(name => name == "VM.start", "NO_HOSTS_AVAILABLE");
        Assert.Equal(RunPhase.Failed, (await scene.RunAsync()).Phase);
        Assert.False(rows.Get(scene.World.Target.Pool).HaEnabled);
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", RealSite.Cancel);
        var undone = await scene.FollowAsync();
        Assert.True(undone.Phase == RunPhase.Undone, undone.ToJson());
        var pool = rows.Get(scene.World.Target.Pool);
        Assert.True(pool.HaEnabled);
        Assert.Equal(heartbeat, rows.Get(new Ref<VdiRecord>(Assert.Single(pool.HaStatefiles))).Sr);
    }

    [Fact]
    public async Task Only_the_network_that_the_run_made_is_destroyed_again()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var rows = scene.World.Target.Database;
        rows.Set(rows.All<NetworkRecord>().Single().Ref, n => n with { NameLabel = "lan", Bridge = "xenbr9" });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Resolve = ["sr-missing", "network-unmapped"] } };
        scene.World.Target.Refuse(name => name == "VM.start", "NO_HOSTS_AVAILABLE");
        Assert.Equal(RunPhase.Failed, (await scene.RunAsync()).Phase);
        var theirs = rows.Add(new NetworkRecord { NameLabel = "front" });
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", RealSite.Cancel);
        var undone = await scene.FollowAsync();
        Assert.True(undone.Phase == RunPhase.Undone, undone.ToJson());
        Assert.Equal(theirs, Assert.Single(rows.All<NetworkRecord>(), n => n.Record.NameLabel == "front").Ref);
    }

    [Fact]
    public async Task A_VMs_metadata_comes_by_no_hook()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        Probe(scene);
        scene.AddScript("hooks", "probe");
        var db = (await scene.RunAsync()).Vms.Single(v => v.Vm.Name == "db");
        Assert.Equal(VmPhase.Unhealthy, db.Phase);
        Assert.Contains("no script probe", db.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RecoveryKind.Failover, false, true)]
    [InlineData(RecoveryKind.Test, false, false)]
    [InlineData(RecoveryKind.Test, true, true)]
    public async Task A_health_script_is_run_in_a_test_only_if_the_plan_names_it(RecoveryKind kind, bool isInPlan, bool isRun)
    {
        await using var scene = FaultScene.Make(kind);
        Probe(scene);
        scene.AddScript("health", "probe");
        if (isInPlan)
        {
            scene.Request = scene.Request with { Policy = scene.Request.Policy with { Health = Scene.Map(("db", "script:probe")) } };
        }

        var db = (await scene.RunAsync()).Vms.Single(v => v.Vm.Name == "db");
        Assert.True(isRun == (db.HealthyAt is not null), db.Error);
    }

    private static void Probe(FaultScene scene)
    {
        var rows = scene.World.Source.Database;
        rows.Set(rows.Find<VmRecord>(FakeWorld.Vm(1)), v => v with { OtherConfig = Scene.Map(("dr-health", "script:probe")) });
    }
}
