using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>Recovered means usable: a VM that nobody can reach, or at which nobody has looked, is not called healthy by anybody.</summary>
public sealed class UsableTests
{
    [Theory]
    [InlineData(RecoveryKind.Failover)]
    [InlineData(RecoveryKind.Migration)]
    public async Task A_VM_whose_interface_is_not_plugged_is_not_healthy_and_everybody_is_told(RecoveryKind kind)
    {
        await using var scene = FaultScene.Make(kind);
        scene.World.Target.DeadNetworks.Add("front");
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Failed, ended.Phase);
        Assert.All(
            ended.Vms, v => Assert.Equal((VmPhase.Unhealthy, true), (v.Phase, v.Error!.Contains("not plugged", StringComparison.Ordinal))));
        Assert.Equal(ended.Vms.Length, ended.Warnings.Length);
        Assert.All(ended.Warnings, w => Assert.Contains("network front", w, StringComparison.Ordinal));
        Assert.Equal((0, 0), (ended.Tally().Well, ended.Tally().Unchecked));
        Assert.All(
            ended.Warnings,
            w => Assert.Contains(
                w, scene.Engine.Report(scene.Uuid!, ReportFormat.Markdown).Replace("\\", "", StringComparison.Ordinal),
                StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_plan_may_take_a_VM_without_its_network_and_the_report_says_so_all_the_same()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.World.Target.DeadNetworks.Add("front");
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { AcceptsUnplugged = true } };
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Succeeded, ended.Phase);
        Assert.Equal(ended.Vms.Length, ended.Warnings.Length);
        Assert.Contains("not plugged", scene.Engine.Report(scene.Uuid!, ReportFormat.Html), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_tells_people_of_a_recovered_VM_is_in_the_run_and_its_report()
    {
        await using var pair = await RealPair.StartAsync();
        await pair.MirrorAsync(pair.Primary, pair.Site);
        var loose = (await pair.Primary.Api.GetAllRecordsAsync<VdiRecord>(RealSite.Cancel)).Values.Single(v => v.NameLabel == "loose disk");
        File.Delete(Directory.EnumerateFiles(pair.Site.Storage, $"{loose.Uuid}.*", SearchOption.AllDirectories).Single());
        await pair.AttachAsync();
        await pair.Site.CallAsync("network.create", new NetworkRecord { NameLabel = "front" });
        var request = new RecoveryRequest
        {
            Policy = new()
            {
                Kind = RecoveryKind.Failover,
                IsSourceDead = true,
                PowerState = PowerStateAfter.Halted,
                Resolve = ["disk-missing"],
            },
        };
        var plan = await pair.PlanAsync(request);
        Assert.False(plan.IsBlocked, plan.ToText());
        await using var engine = await RunEngine.OpenAsync(pair.Config, TimeProvider.System, RealSite.Cancel);
        var uuid = await engine.StartAsync(request, plan, "ann", RealSite.Cancel);
        var ended = await RealPair.EndAsync(engine, uuid);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        var told = (await pair.Site.Api.CallAsync<ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord>>("message.get_all_records", [], RealSite.Cancel)).Values.Single(m => m.Name == "VM_RECOVERED_WITH_CHANGES");
        Assert.Contains(told.Body, Assert.Single(ended.Warnings), StringComparison.Ordinal);
        Assert.Contains(ended.Warnings[0], RunReportText(engine.Report(uuid, ReportFormat.Json)));
    }

    [Fact]
    public async Task A_VM_that_only_waited_out_its_delay_is_started_and_not_checked()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.World.Target.Database.Add(new NetworkRecord { NameLabel = "elsewhere" });
        scene.AddScript("health", "probe");
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Health = Scene.Map(("db", "script:probe")) } };
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Succeeded, ended.Phase);
        Assert.Equal(
            [("db", VmPhase.Healthy), ("loose", VmPhase.Unchecked), ("web", VmPhase.Unchecked)],
            ended.Vms.Select(v => (v.Vm.Name, v.Phase)).OrderBy(v => v.Name, StringComparer.Ordinal));
        Assert.All(ended.Vms, v => Assert.Equal(v.Phase == VmPhase.Healthy, v.HealthyAt is not null));
        Assert.Equal(new VmTally(PowerStateAfter.Start, 1, 2, 3), ended.Tally());
        Assert.Equal(ended.Tally(), scene.Engine.List().Single().Tally());
        Assert.Equal("1 of 3 VMs healthy, 2 started, not checked", ended.Tally().ToText());
        Assert.Contains(ended.Tally().ToText(), scene.Engine.Report(scene.Uuid!, ReportFormat.Html), StringComparison.Ordinal);
        Assert.Contains("Started, not checked", scene.Engine.Report(scene.Uuid!, ReportFormat.Markdown), StringComparison.Ordinal);
        Assert.Equal(ended.Tally(), RunRecord.FromJson(ended.ToJson()).Tally());
    }

    [Theory]
    [InlineData(PowerStateAfter.Start, 3, 0, "3 of 3 VMs healthy")]
    [InlineData(PowerStateAfter.Start, 0, 3, "3 of 3 VMs started, not checked")]
    [InlineData(PowerStateAfter.Start, 0, 0, "0 of 3 VMs healthy")]
    [InlineData(PowerStateAfter.Paused, 2, 0, "2 of 3 VMs started, and paused")]
    [InlineData(PowerStateAfter.Halted, 3, 0, "3 of 3 VMs recovered")]
    public void Nobody_calls_healthy_what_was_not_looked_at(PowerStateAfter wanted, int well, int notLookedAt, string text) =>
        Assert.Equal(text, new VmTally(wanted, well, notLookedAt, 3).ToText());

    private static List<string> RunReportText(string json) =>
        [.. System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("needsPerson").EnumerateArray().Select(n => n.GetString()!)];
}
