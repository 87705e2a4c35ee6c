using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>Runs against real servers: what they answer is what the engine takes it for.</summary>
public sealed class RealRunTests
{
    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task A_failover_recovers_starts_and_protects_and_is_in_the_journal()
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true } };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());

        string uuid;
        RunRecord ended;
        await using (var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel))
        {
            uuid = await engine.StartAsync(request, plan, "ann", Cancel);
            ended = await RealPair.EndAsync(engine, uuid);
        }

        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        foreach (var name in new[] { "db", "web", "loose" })
        {
            var vm = await RealPair.VmAsync(pair.Site, name);
            Assert.Equal((VmPowerState.Running, 1L), (vm.PowerState, vm.Version));
        }

        Assert.Empty(await pair.Site.Api.GetAllRecordsAsync<DrTaskRecord>(Cancel));
        Assert.Contains(
            await pair.Site.Api.GetAllRecordsAsync<VdiRecord>(Cancel), v => v.Value is { Type: VdiType.Metadata, MetadataLatest: true });
        await using var again = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        Assert.Equal(ended.ToJson(), again.Find(uuid)!.ToJson());
    }

    [Fact]
    public async Task A_migration_shuts_down_waits_for_the_array_and_starts_here()
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        foreach (var name in new[] { "db", "web", "loose" })
        {
            await pair.Primary.CallAsync(
                "VM.start",
                (await pair.Primary.Api.GetAllRecordsAsync<VmRecord>(Cancel))
                    .Single(v => v.Value.NameLabel == name && !v.Value.IsATemplate).Key,
                false,
                false);
        }

        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Migration }, Source = "primary" };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        var uuid = await engine.StartAsync(request, plan, "ann", Cancel);
        var asked = await RealPair.EndAsync(engine, uuid, RunPhase.Waiting);
        Assert.True(asked.Question is not null, asked.ToJson());
        foreach (var name in new[] { "db", "web", "loose" })
        {
            Assert.Equal(VmPowerState.Halted, (await RealPair.VmAsync(pair.Primary, name)).PowerState);
        }

        await engine.AnswerAsync(uuid, "done", "ann", Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.All(ended.Vms, v => Assert.Equal(VmPhase.Unchecked, v.Phase));
    }

    [Fact]
    public async Task A_migration_that_is_stopped_at_the_array_has_the_source_run_again()
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        await pair.Primary.CallAsync(
            "VM.start", (await pair.Primary.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Single(v => v.Value.NameLabel == "db").Key, false,
            false);
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Migration }, Source = "primary" };
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        var uuid = await engine.StartAsync(request, await pair.PlanAsync(request), "ann", Cancel);
        Assert.Equal(RunPhase.Waiting, (await RealPair.EndAsync(engine, uuid, RunPhase.Waiting)).Phase);
        await engine.AnswerAsync(uuid, "stop", "ann", Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Failed, ended.ToJson());
        Assert.Equal(VmPowerState.Running, (await RealPair.VmAsync(pair.Primary, "db")).PowerState);
        Assert.Equal(VmPowerState.Halted, (await RealPair.VmAsync(pair.Primary, "web")).PowerState);
    }

    [Fact]
    public async Task A_test_failover_runs_copies_in_a_network_of_their_own_and_leaves_nothing()
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await pair.AttachAsync();
        var before = await pair.Site.DatabaseAsync();
        var request = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test }, KeepTest = true };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        var uuid = await engine.StartAsync(request, plan, "ann", Cancel);
        var kept = await RealPair.EndAsync(engine, uuid, RunPhase.Waiting);
        Assert.True(kept.Phase == RunPhase.Waiting, kept.ToJson());
        var copies = (await pair.Site.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Values.Where(
            v => v.OtherConfig.ContainsKey("dr-test")).ToList();
        Assert.Equal(3, copies.Count);
        Assert.All(copies, c => Assert.Equal(VmPowerState.Running, c.PowerState));
        await engine.CleanUpTestAsync(uuid, "ann", Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Equal(before, await pair.Site.DatabaseAsync());
    }

    [Fact]
    public async Task A_failover_whose_guests_do_not_start_is_undone_and_lets_the_storage_go()
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var request = new RecoveryRequest
        {
            Policy = new()
            {
                Kind = RecoveryKind.Failover,
                IsSourceDead = true,
                Health = Scene.Map(("db", "script:none")),
                OnTierFailure = TierFailure.Stop,
            },
        };
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, Cancel);
        var uuid = await engine.StartAsync(request, await pair.PlanAsync(request), "ann", Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Failed, ended.ToJson());
        await engine.UndoAsync(uuid, "ann", Cancel);
        await foreach (var record in engine.WatchAsync(uuid, ended.Revision, Cancel))
        {
            ended = record;
        }

        Assert.True(ended.Phase == RunPhase.Undone, ended.ToJson());
        Assert.DoesNotContain((await pair.Site.Api.GetAllRecordsAsync<SrRecord>(Cancel)).Values, s => s.Uuid == pair.SrUuid);
        Assert.Empty(await pair.Site.Api.GetAllRecordsAsync<DrTaskRecord>(Cancel));
        Assert.DoesNotContain(
            (await pair.Site.Api.GetAllRecordsAsync<VmRecord>(Cancel)).Values, v => v.NameLabel is "db" or "web" or "loose");
    }
}
