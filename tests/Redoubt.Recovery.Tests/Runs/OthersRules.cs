using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>What a run owes to those beside it: other sites, other runs, and what others attached.</summary>
public sealed class OthersRules
{
    [Fact]
    public async Task Each_pool_that_could_run_a_VM_is_asked_at_its_own_site()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var third = new FakePool("third", scene.World);
        third.Database.Add(
            new VmRecord { NameLabel = "db", PowerState = VmPowerState.Halted, MemoryStaticMax = 1 << 26, VcpusAtStartup = 1 },
            FakeWorld.Vm(1));
        scene.MoreSites.Add("third", third);
        scene.World.Source.IsSilent = true;
        scene.Request = scene.Request with
        {
            Source = "primary",
            Sources = Scene.Map((Uuid(scene.World.Source), "primary"), (Uuid(third), "third")),
        };
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Contains(ended.Steps, s => s.Step is FenceSource { Mode: FenceMode.Check } fence && fence.Pool.Uuid == Uuid(third));
    }

    [Fact]
    public async Task What_others_attached_for_a_recovery_of_theirs_stays_when_a_run_ends_and_when_it_is_undone()
    {
        foreach (var isUndone in new[] { false, true })
        {
            await using var scene = FaultScene.Make(RecoveryKind.Failover);
            var rows = scene.World.Target.Database;
            var theirs = rows.Add(new DrTaskRecord());
            var alone = rows.Add(
                new SrRecord { NameLabel = "theirs", Type = "file", IntroducedBy = theirs }, "5a000000-0000-4000-8000-00000000000c");
            var beside = rows.Add(
                new SrRecord { NameLabel = "beside", Type = "file", IntroducedBy = rows.All<DrTaskRecord>().First().Ref },
                "5a000000-0000-4000-8000-00000000000d");
            if (isUndone)
            {
                scene.World.Target.Refuse(name => name == "VM.start", "NO_HOSTS_AVAILABLE");
            }

            var ended = await scene.RunAsync();
            if (isUndone)
            {
                await scene.Engine.UndoAsync(scene.Uuid!, "ann", RealSite.Cancel);
                ended = await scene.FollowAsync();
            }

            Assert.Equal(isUndone ? RunPhase.Undone : RunPhase.Succeeded, ended.Phase);
            Assert.True(rows.Has(alone.Opaque), "The SR of somebody else's task was let go.");
            Assert.True(rows.Has(beside.Opaque), "An SR that the task held besides was let go.");
            Assert.Contains(ended.Log, l => l.Text.Contains("beside", StringComparison.Ordinal));
        }
    }

    private static string Uuid(FakePool pool) => pool.Database.Get(pool.Pool).Uuid;
}
