using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>Runs from storage whose disks are XenServer's: copied to an SR of the target's, compared, and left as they were.</summary>
public sealed class VhdRunTests
{
    private static CancellationToken Cancel => RealSite.Cancel;

    private static RecoveryRequest Failover => new() { Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true } };

    [Fact]
    public async Task A_failover_copies_the_disks_and_leaves_the_storage_as_it_was()
    {
        await using var scene = await VhdScene.StartAsync();
        var before = scene.Storage();
        var plan = await scene.Pair.PlanAsync(Failover);
        Assert.False(plan.IsBlocked, plan.ToText());
        Assert.Contains(plan.Findings, f => f.Code == "disks-copied");
        Assert.Equal(3, plan.Steps.OfType<CopyDisks>().Count());
        Assert.Equal([scene.OwnUuid], plan.Steps.OfType<Protect>().Select(p => p.Sr.Uuid));
        RunRecord ended;
        await using (var engine = await RunEngine.OpenAsync(scene.Pair.Config, TimeProvider.System, Cancel))
            ended = await RealPair.EndAsync(engine, await engine.StartAsync(Failover, plan, "ann", Cancel));

        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        foreach (var name in new[] { "db", "web", "loose" })
        {
            var vm = await RealPair.VmAsync(scene.Pair.Site, name);
            Assert.Equal(VmPowerState.Running, vm.PowerState);
            Assert.Equal(scene.ContentOf(name), await scene.ReadAsync(vm));
        }

        Assert.Equal(before, scene.Storage());
        Assert.Empty(await scene.Pair.Site.Api.GetAllRecordsAsync<DrTaskRecord>(Cancel));
        Assert.DoesNotContain(
            (await scene.Pair.Site.Api.GetAllRecordsAsync<SrRecord>(Cancel)).Values, s => s.Uuid == scene.Pair.SrUuid);
    }

    [Fact]
    public async Task What_was_copied_before_the_engine_died_is_not_copied_again()
    {
        await using var scene = await VhdScene.StartAsync();
        string uuid;
        await using (var engine = await RunEngine.OpenAsync(scene.Pair.Config, TimeProvider.System, Cancel))
        {
            uuid = await engine.StartAsync(Failover, await scene.Pair.PlanAsync(Failover), "ann", Cancel);
            await foreach (var record in engine.WatchAsync(uuid, 0, Cancel))
            {
                if (record.Log.Any(l => l.Text.Contains("was copied to", StringComparison.Ordinal)))
                    break;
            }
        }

        await using var again = await RunEngine.OpenAsync(scene.Pair.Config, TimeProvider.System, Cancel);
        await again.ResumeAsync(uuid, "ann", Cancel);
        var ended = again.Find(uuid)!;
        await foreach (var record in again.WatchAsync(uuid, ended.Revision, Cancel))
            ended = record;
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        var copied = ended.Log.Where(l => l.Text.Contains("was copied to", StringComparison.Ordinal)).Select(l => l.Text.Split('(')[0]);
        Assert.Equal(copied.Distinct(), copied);
        var copies = (await scene.Pair.Site.Api.GetAllRecordsAsync<VdiRecord>(Cancel)).Values
            .Where(v => v.OtherConfig.ContainsKey(Marks.CopyOf)).ToList();
        Assert.Equal(3, copies.Count);
        Assert.All(copies, c => Assert.Single(c.Vbds));
    }

    [Fact]
    public async Task A_run_that_is_taken_back_removes_its_copies()
    {
        await using var scene = await VhdScene.StartAsync();
        await using var engine = await RunEngine.OpenAsync(scene.Pair.Config, TimeProvider.System, Cancel);
        var request = Failover with
        {
            Policy = Failover.Policy with { Health = Scene.Map(("db", "script:none")), OnTierFailure = TierFailure.Stop },
        };
        var uuid = await engine.StartAsync(request, await scene.Pair.PlanAsync(request), "ann", Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Failed, ended.ToJson());
        await engine.UndoAsync(uuid, "ann", Cancel);
        await foreach (var record in engine.WatchAsync(uuid, ended.Revision, Cancel))
            ended = record;
        Assert.True(ended.Phase == RunPhase.Undone, ended.ToJson());
        Assert.DoesNotContain(
            (await scene.Pair.Site.Api.GetAllRecordsAsync<VdiRecord>(Cancel)).Values, v => v.OtherConfig.ContainsKey(Marks.CopyOf));
        Assert.Empty(Directory.EnumerateFiles(scene.Pair.Site.NewFile("own"), "*.qcow2", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_disk_that_can_not_be_read_costs_its_VM_only()
    {
        await using var scene = await VhdScene.StartAsync();
        var plan = await scene.Pair.PlanAsync(Failover);
        scene.Spoil("loose");
        await using var engine = await RunEngine.OpenAsync(scene.Pair.Config, TimeProvider.System, Cancel);
        var ended = await RealPair.EndAsync(engine, await engine.StartAsync(Failover, plan, "ann", Cancel));
        Assert.True(ended.Phase == RunPhase.Partial, ended.ToJson());
        Assert.Equal(VmPhase.Failed, ended.Vms.Single(v => v.Vm.Name == "loose").Phase);
        Assert.Contains("block table", ended.Vms.Single(v => v.Vm.Name == "loose").Error, StringComparison.Ordinal);
        Assert.Equal(VmPowerState.Running, (await RealPair.VmAsync(scene.Pair.Site, "db")).PowerState);
    }

    [Fact]
    public async Task A_test_runs_on_copies_of_its_VMs_disks_alone_and_leaves_nothing()
    {
        await using var scene = await VhdScene.StartAsync();
        var (before, database) = (scene.Storage(), await scene.Pair.Site.DatabaseAsync());
        var request = new RecoveryRequest
        {
            Policy = new() { Kind = RecoveryKind.Test, Chosen = new() { Vms = ["loose"] } },
            KeepTest = true,
        };
        var plan = await scene.Pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        await using var engine = await RunEngine.OpenAsync(scene.Pair.Config, TimeProvider.System, Cancel);
        var uuid = await engine.StartAsync(request, plan, "ann", Cancel);
        var kept = await RealPair.EndAsync(engine, uuid, RunPhase.Waiting);
        Assert.True(kept.Phase == RunPhase.Waiting, kept.ToJson());
        var api = scene.Pair.Site.Api;
        var clone = (await api.GetAllRecordsAsync<SrRecord>(Cancel)).Values.Single(s => s.OtherConfig.ContainsKey(Marks.Test));
        Assert.Single(clone.Vdis);
        var copy = (await api.GetAllRecordsAsync<VmRecord>(Cancel)).Values.Single(v => v.OtherConfig.ContainsKey(Marks.Test));
        Assert.Equal(VmPowerState.Running, copy.PowerState);
        Assert.Equal(scene.ContentOf("loose"), await scene.ReadAsync(copy));
        await engine.CleanUpTestAsync(uuid, "ann", Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Equal(before, scene.Storage());
        Assert.Equal(database, await scene.Pair.Site.DatabaseAsync());
    }

    [Fact]
    public async Task Without_an_SR_to_copy_to_the_plan_is_blocked_and_by_hand_nothing_comes_to_stand_on_it()
    {
        await using var scene = await VhdScene.StartAsync();
        var site = scene.Pair.Site;
        var pool = (await site.Api.GetAllRecordsAsync<PoolRecord>(Cancel)).Keys.Single();
        await site.CallAsync("pool.set_default_SR", pool, default(Ref<SrRecord>));
        var plan = await scene.Pair.PlanAsync(Failover);
        Assert.Contains(plan.Findings, f => f is { Code: "copy-needs-sr", Severity: Severity.Block });
        var named = Failover with { Policy = Failover.Policy with { Storage = Scene.Map((scene.Pair.SrUuid, scene.OwnUuid)) } };
        Assert.False((await scene.Pair.PlanAsync(named)).IsBlocked);

        var vms = await site.Api.GetAllRecordsAsync<VmRecord>(Cancel);
        var volume = (await site.Api.GetAllRecordsAsync<VdiRecord>(Cancel)).Single(v => v.Value.Type == VdiType.Metadata).Value;
        var (code, _, error) = await site.RunAsync(
            "vm-recover", $"uuid={await scene.UuidAsync("loose")}", $"database:vdi-uuid={volume.Uuid}");
        Assert.NotEqual(0, code);
        Assert.Contains("XenServer", error, StringComparison.Ordinal);
        Assert.Equal(vms.Count, (await site.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Count);
    }
}
