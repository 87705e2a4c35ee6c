using System.Text.Json;
using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

/// <summary>What an operator takes on themselves: it is passed on to where it counts, and stands in the run's report.</summary>
public sealed class StatementTests
{
    [Fact]
    public async Task A_silent_site_that_is_stated_to_be_dead_is_overruled_at_the_start_and_named_in_the_report()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (source, here) = (scene.Source, scene.Target);
        var west = new TestPool();
        await west.InitializeAsync();
        await using var _ = west;
        await here.CallAsync("recovery.add_site", "north", source.Url.ToString(), "root", TestPool.Password);
        await here.CallAsync("recovery.add_site", "west", west.Url.ToString(), "root", TestPool.Password);
        await west.StopAsync();
        var failover = scene.Failover();
        var asked = await scene.PlanAsync(
            failover with { Policy = failover.Policy with { IsSourceDead = false, PowerState = PowerStateAfter.Start } });
        Assert.Contains(asked.Plan.Findings, f => f is { Code: "site-silent", Severity: Severity.Block });

        // The source answers, so there is one only that can be meant.
        var planned = await scene.PlanAsync(
            failover with { Policy = failover.Policy with { PowerState = PowerStateAfter.Start, AcceptedVolumes = [scene.Volume] } });
        Assert.False(planned.Plan.IsBlocked, planned.Plan.ToText());
        Assert.Equal("west", Assert.Single(planned.Plan.StatedDead).Name);
        var run = (await here.CallAsync("recovery.start", planned.Request.ToJson(), planned.Digest)).GetString()!;
        var ended = await scene.EndedAsync(run);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        var told = (await here.CallAsync("message.get_all_records")).EnumerateObject()
            .Single(m => m.Value.GetProperty("name").GetString() == "VM_STARTED_ON_STATEMENT");
        Assert.Contains("site west could not be asked", told.Value.GetProperty("body").GetString(), StringComparison.Ordinal);

        var report = JsonDocument.Parse((await here.CallAsync("recovery.get_report", run, "json")).GetString()!).RootElement;
        var statements = report.GetProperty("statements").EnumerateArray().ToList();
        Assert.All(
            statements,
            s => Assert.Equal(("root", ended.StartedAt), (s.GetProperty("by").GetString(), s.GetProperty("at").GetDateTimeOffset())));
        Assert.Contains(statements, s => s.GetProperty("what").GetString()!.Contains("Site west (", StringComparison.Ordinal));
        Assert.Contains(statements, s => s.GetProperty("what").GetString()!.Contains(scene.Volume, StringComparison.Ordinal));
        foreach (var format in new[] { "html", "markdown" })
        {
            var text = (await here.CallAsync("recovery.get_report", run, format)).GetString()!;
            Assert.Contains("What people stated", text, StringComparison.Ordinal);
            Assert.Contains("which could not be asked, is dead", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_planned_migration_too_waits_for_a_silent_site_until_that_is_named()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var here = scene.Target;
        await using var west = new TestPool();
        await west.InitializeAsync();
        await here.CallAsync("recovery.add_site", "north", scene.Source.Url.ToString(), "root", TestPool.Password);
        await here.CallAsync("recovery.add_site", "west", west.Url.ToString(), "root", TestPool.Password);
        await west.StopAsync();
        var migration = scene.Failover() with { Source = "north", Policy = new() { Kind = RecoveryKind.Migration } };
        var blocked = Assert.Single((await scene.PlanAsync(migration)).Plan.Findings, f => f.Code == "site-silent");
        Assert.Equal(Severity.Block, blocked.Severity);
        Assert.Contains("source-dead=west", blocked.Advice, StringComparison.Ordinal);
        var named = (await scene.PlanAsync(migration with { Policy = migration.Policy with { DeadSources = ["west"] } })).Plan;
        Assert.DoesNotContain(named.Findings, f => f.Code == "site-silent");
        Assert.False(named.IsBlocked, named.ToText());
        await here.CallAsync("recovery.remove_site", "west");
        Assert.DoesNotContain((await scene.PlanAsync(migration)).Plan.Findings, f => f.Code == "site-silent");
    }

    [Fact]
    public async Task A_source_that_is_named_dead_and_a_finding_that_is_resolved_are_in_the_report()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var (source, here) = (scene.Source, scene.Target);
        await here.CallAsync("recovery.add_site", "north", source.Url.ToString(), "root", TestPool.Password);
        await source.StopAsync();
        var failover = scene.Failover();
        failover = failover with
        {
            Policy = failover.Policy with
            {
                IsSourceDead = false,
                DeadSources = ["north"],
                Limits = new() { StaleAfter = TimeSpan.FromMilliseconds(1) },
            },
        };
        var resolved = (await scene.PlanAsync(failover)).Plan.Findings[0].Code;
        var planned = await scene.PlanAsync(failover with { Policy = failover.Policy with { Resolve = [resolved] } });
        Assert.False(planned.Plan.IsBlocked, planned.Plan.ToText());
        var run = (await here.CallAsync("recovery.start", planned.Request.ToJson(), planned.Digest)).GetString()!;
        Assert.Equal(RunPhase.Succeeded, (await scene.EndedAsync(run)).Phase);
        var markdown = (await here.CallAsync("recovery.get_report", run, "markdown")).GetString()!;
        var section = markdown[markdown.IndexOf("## What people stated", StringComparison.Ordinal)..markdown.IndexOf("## VMs", StringComparison.Ordinal)];
        Assert.Contains("is dead: none of its hosts runs any of these VMs", section, StringComparison.Ordinal);
        Assert.Contains($"The finding {resolved} of", section.Replace("\\", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("root", section, StringComparison.Ordinal);
    }
}
