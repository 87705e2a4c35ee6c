using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>The rules of recovery as far as a run has to keep them, each by its number (docs/operating/runs.md).</summary>
public sealed class RecoveryRules
{
    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task Rule08_a_recovery_that_fails_leaves_what_it_would_have_replaced()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failback);
        scene.World.Target.Refuse(name => name.StartsWith("VM_appliance.recover", StringComparison.Ordinal), "VM_REQUIRES_SR");
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Partial, ended.Phase);
        Assert.Equal(
            [0L, 0L], scene.World.Target.Database.All<VmRecord>().Where(v => v.Record.NameLabel != "loose").Select(v => v.Record.Version));
    }

    [Fact]
    public async Task Rule12_a_network_that_the_map_names_is_the_one_that_is_used()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var lan = scene.World.Target.Database.Add(new NetworkRecord { NameLabel = "lan" });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Networks = Scene.Map(("front", "lan")) } };
        Assert.Equal(RunPhase.Succeeded, (await scene.RunAsync()).Phase);
        Assert.All(scene.World.Target.Database.All<VifRecord>(), v => Assert.Equal(lan, v.Record.Network));
    }

    [Fact]
    public async Task Rule12_a_server_that_takes_no_map_has_the_interfaces_moved_before_anything_starts()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var lan = scene.World.Target.Database.Add(new NetworkRecord { NameLabel = "lan" });
        scene.World.Target.Lacks = name => name.EndsWith("_mapped", StringComparison.Ordinal);
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Networks = Scene.Map(("front", "lan")) } };
        Assert.Equal(RunPhase.Succeeded, (await scene.RunAsync()).Phase);
        Assert.All(scene.World.Target.Database.All<VifRecord>(), v => Assert.Equal(lan, v.Record.Network));
        var acts = scene.World.Target.Acts;
        Assert.True(
            acts.FindLastIndex(
                a => a.StartsWith(
                    "VIF.move", StringComparison.Ordinal)) < acts.FindIndex(a => a.StartsWith("VM.start", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Rule13_a_VM_that_came_up_at_the_source_again_is_not_started_here()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        var source = scene.World.Source.Database;
        scene.World.Target.BeforeAct = name =>
        {
            if (name == "SR.enable_database_replication" || name == "VM.start")
            {
                return;
            }

            // Somebody starts it there after the hand-over.
            source.Set(
                source.Find<VmRecord>(FakeWorld.Vm(3)), v => name == "DR_task.create" ? v with { PowerState = VmPowerState.Running } : v);
        };
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Partial, ended.Phase);
        Assert.Empty(scene.World.Violations);
        Assert.Contains("twice", ended.Vms.Single(v => v.Vm.Name == "loose").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule13_a_source_that_falls_silent_is_asked_about()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        scene.World.Target.BeforeAct = name => scene.World.Source.IsSilent |= name == "DR_task.create";
        await scene.OpenAsync();
        await scene.StartAsync();
        await foreach (var record in scene.Engine.WatchAsync(scene.Uuid!, 0, Cancel))
        {
            if (record.Question?.Answers[0] == "done")
            {
                await scene.Engine.AnswerAsync(scene.Uuid!, "done", "ann", Cancel);
            }
            else if (record.Question is { } question)
            {
                Assert.Equal(["dead", "stop"], question.Answers);
                break;
            }
        }

        Assert.DoesNotContain(scene.World.Target.Acts, a => a.StartsWith("VM.start", StringComparison.Ordinal));
        await scene.Engine.AnswerAsync(scene.Uuid!, "dead", "ann", Cancel);
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
    }

    [Fact]
    public async Task Rule14_tiers_start_in_their_order_and_a_failed_one_stops_the_rest_if_so_told()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { OnTierFailure = TierFailure.Stop } };
        scene.World.Target.Refuse(name => name == "VM.start", "NO_HOSTS_AVAILABLE");
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Failed, ended.Phase);
        Assert.Equal(StepPhase.Skipped, ended.Steps.Single(s => s.Step is StartTier { Order: 1 }).Phase);
    }

    [Fact]
    public async Task Rule14_a_start_delay_counts_once_from_the_start_and_holds_no_place()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var delay = TimeSpan.FromMinutes(10);
        (scene.World.Time, scene.PollInterval) = (new JumpingClock(), TimeSpan.FromSeconds(5));
        scene.Request = scene.Request with
        {
            Policy = scene.Request.Policy with { Limits = new() { ParallelStarts = 1, HealthTimeout = TimeSpan.FromMinutes(1) } },
        };
        var source = scene.World.Source.Database;
        foreach (var (vm, _) in source.All<VmRecord>().ToList())
        {
            source.Set(vm, v => v with { StartDelay = (long)delay.TotalSeconds });
        }

        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        DateTimeOffset Started(string name) => ended.Vms.Single(v => v.Vm.Name == name).StartedAt!.Value;
        Assert.InRange(Started("web") - Started("db"), delay, delay * 1.1);
        Assert.InRange((Started("web") - Started("loose")).Duration(), TimeSpan.Zero, delay / 10);
    }

    [Theory]
    [InlineData("web")]
    [InlineData("db")]
    public async Task Rule14_whoever_ends_after_its_start_holds_up_the_others_for_moments_only(string name)
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        (scene.World.Time, scene.PollInterval) = (new JumpingClock(), TimeSpan.FromSeconds(5));
        scene.Request = scene.Request with
        {
            Policy = scene.Request.Policy with { Limits = new() { HealthTimeout = TimeSpan.FromDays(1) } },
        };
        var target = scene.World.Target;
        target.AfterAct = _ =>
        {
            foreach (var (vm, _) in target.Database.All<VmRecord>().Where(v => v.Record.NameLabel == name).ToList())
            {
                target.Database.Set(vm, v => v.PowerState == VmPowerState.Running ? v with { PowerState = VmPowerState.Halted } : v);
            }
        };
        var began = scene.World.Time.GetUtcNow();
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Partial, ended.Phase);
        var ill = Assert.Single(ended.Vms, v => v.Phase == VmPhase.Unhealthy);
        Assert.Equal(name, ill.Vm.Name);
        Assert.Contains("halted, and has not been started again", ill.Error, StringComparison.Ordinal);
        Assert.InRange(scene.World.Time.GetUtcNow() - began, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task Rule14_a_suspended_VM_is_resumed()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var source = scene.World.Source.Database;
        var image = source.Add(
            new VdiRecord
            {
                Sr = source.Find<SrRecord>(FakeWorld.SrB),
                Location = "d1000000-0000-4000-8000-000000000009",
                VirtualSize = 1 << 20,
            },
            "d1000000-0000-4000-8000-000000000009");
        scene.World.Storage[FakeWorld.SrB] = [.. scene.World.Storage[FakeWorld.SrB], "d1000000-0000-4000-8000-000000000009"];
        source.Set(source.Find<VmRecord>(FakeWorld.Vm(3)), v => v with { PowerState = VmPowerState.Suspended, SuspendVdi = image });
        Assert.Equal(RunPhase.Succeeded, (await scene.RunAsync()).Phase);
        Assert.Single(scene.World.Target.Acts, a => a.StartsWith("VM.resume", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rule15_a_test_touches_nothing_and_counts_only_when_it_is_cleaned_up()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        scene.World.Target.Refuse(name => name == "network.destroy", "INTERNAL_ERROR");
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Interrupted, ended.Phase);
        scene.World.Target.BeforeAct = null;
        await scene.Engine.ResumeAsync(scene.Uuid!, "bob", Cancel);
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
        scene.CheckEnd();
    }

    [Fact]
    public async Task Rule15_a_test_that_is_kept_stays_up_over_a_restart_until_its_clean_up_is_asked_for()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        scene.Request = scene.Request with { KeepTest = true };
        await scene.OpenAsync();
        await scene.StartAsync();
        await foreach (var record in scene.Engine.WatchAsync(scene.Uuid!, 0, Cancel))
        {
            if (record.Phase == RunPhase.Waiting)
            {
                break;
            }
        }

        await scene.ReopenAsync();
        Assert.Equal(RunPhase.Waiting, scene.Run.Phase);
        Assert.Equal(3, scene.World.Target.Database.All<VmRecord>().Count(v => v.Record.PowerState == VmPowerState.Running));
        await scene.Engine.CleanUpTestAsync(scene.Uuid!, "bob", Cancel);
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
        scene.CheckEnd();
    }

    [Fact]
    public async Task Rule16_a_health_check_that_can_not_be_made_has_failed_and_says_so()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.Request = scene.Request with
        {
            Policy = scene.Request.Policy with { Health = Scene.Map(("db", "script:none"), ("web", "magic")) },
        };
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Partial, ended.Phase);
        Assert.Contains("script none", ended.Vms.Single(v => v.Vm.Name == "db").Error, StringComparison.Ordinal);
        Assert.Contains("none of delay", ended.Vms.Single(v => v.Vm.Name == "web").Error, StringComparison.Ordinal);
        Assert.Null(ended.Vms.Single(v => v.Vm.Name == "loose").Error);
    }

    [Fact]
    public async Task Rule17_two_operators_one_runs_and_the_other_is_told_who_and_which()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        await scene.OpenAsync();
        var plan = await scene.PlanAsync();
        var uuid = await scene.Engine.StartAsync(scene.Request, plan, "ann", Cancel);
        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => scene.Engine.StartAsync(scene.Request, plan, "bob", Cancel));
        Assert.Contains(uuid, refused.Message, StringComparison.Ordinal);
        Assert.Contains("ann", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule17_a_plan_from_before_a_run_that_has_ended_since_is_not_run()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        await scene.OpenAsync();
        var plan = await scene.PlanAsync();
        Assert.True(await scene.StartAsync(plan));
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => scene.Engine.StartAsync(scene.Request, plan, "bob", Cancel));
        Assert.Contains(scene.Uuid!, refused.Message, StringComparison.Ordinal);
        Assert.Contains("Plan again", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule18_storage_that_was_attached_for_a_run_goes_when_it_is_undone()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.World.Target.Refuse(name => name == "VM.start", "NO_HOSTS_AVAILABLE");
        Assert.Equal(RunPhase.Failed, (await scene.RunAsync()).Phase);
        Assert.NotEmpty(scene.World.Target.Database.All<SrRecord>());
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", Cancel);
        Assert.Equal(RunPhase.Undone, (await scene.FollowAsync()).Phase);
        scene.CheckEnd();
    }

    [Fact]
    public async Task Rule19_what_was_recovered_is_protected()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        Assert.Equal(RunPhase.Succeeded, (await scene.RunAsync()).Phase);
        Assert.Equal(2, scene.World.Target.Acts.Count(a => a.StartsWith("SR.enable_database_replication", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Rule20_every_run_leaves_a_report_that_no_name_can_break_out_of()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var source = scene.World.Source.Database;
        source.Set(source.Find<VmRecord>(FakeWorld.Vm(3)), v => v with { NameLabel = "<script>alert('x')</script>|[a](b)\u202e\u001b" });
        var ended = await scene.RunAsync();
        await scene.ReopenAsync();
        var html = scene.Engine.Report(ended.Uuid, ReportFormat.Html);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        Assert.DoesNotContain("://", html, StringComparison.Ordinal);
        Assert.Contains(
            "HTTP-EQUIV=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"", html,
            StringComparison.Ordinal);
        Assert.DoesNotContain(html, c => c is '\u202e' or '\u001b');
        var markdown = scene.Engine.Report(ended.Uuid, ReportFormat.Markdown);
        Assert.DoesNotContain("<script", markdown, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\\|\\[a\\](b)", markdown, StringComparison.Ordinal);
        var report = RecoveryJson.Read<RunReport>(scene.Engine.Report(ended.Uuid, ReportFormat.Json));
        Assert.NotNull(report.RtoWhole);
        Assert.All(report.Vms, v => Assert.NotNull(v.Rto));
        Assert.All(report.Vms, v => Assert.NotEmpty(v.RpoHow));
        Assert.Equal(ended.Steps.Length, report.Steps.Length);
    }

    [Theory]
    [InlineData(FakePool.Png, null)]
    [InlineData("\"><script>alert('x')</script>", "no picture")]
    [InlineData("", "no picture")]
    [InlineData("large", "larger than is kept")]
    [InlineData(null, "shows no screens")]
    public async Task Rule20_the_report_says_by_what_each_VM_was_judged_and_shows_its_screen(string? screen, string? why)
    {
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        scene.World.Target.Lacks = name => screen is null && name == "VM.get_screenshot";
        scene.World.Target.Screen = screen == "large" ? FakePool.Png[..22] + new string('A', 100_002) : screen ?? "";
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Succeeded, ended.Phase);
        await scene.ReopenAsync();
        var report = RecoveryJson.Read<RunReport>(scene.Engine.Report(ended.Uuid, ReportFormat.Json));
        Assert.All(report.Vms, v => Assert.Contains("it had run for", v.Evidence!.Found, StringComparison.Ordinal));
        Assert.All(report.Vms, v => Assert.Equal(why is null ? screen : null, v.Evidence!.Screen));
        Assert.All(report.Vms, v => Assert.Contains(why ?? "", v.Evidence!.NoScreen ?? "", StringComparison.Ordinal));
        var html = scene.Engine.Report(ended.Uuid, ReportFormat.Html);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Equal(why is null ? report.Vms.Length : 0, html.Split("src=\"data:image/png;base64,").Length - 1);
        Assert.Contains(why ?? "as the pictures show it", scene.Engine.Report(ended.Uuid, ReportFormat.Markdown), StringComparison.Ordinal);

        // Who looks at the run as it goes need not be sent them.
        Assert.DoesNotContain(FakePool.Png, ended.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule20_a_second_run_is_forecast_from_the_first_and_its_error_reported()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        await scene.RunAsync();
        Assert.Null(scene.Run.Forecast);
        await scene.StartAsync();
        var second = await scene.FollowAsync();
        Assert.NotNull(second.Forecast);
        Assert.NotNull(RecoveryJson.Read<RunReport>(scene.Engine.Report(second.Uuid, ReportFormat.Json)).ForecastError);
    }

    [Fact]
    public async Task Rule21_losing_one_VM_does_not_stop_the_others_and_the_summary_says_so()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.World.Target.Refuse(name => name == "VM.recover_mapped", "VM_REQUIRES_SR");
        var ended = await scene.RunAsync();
        Assert.Equal(RunPhase.Partial, ended.Phase);
        var summary = Assert.Single(scene.Engine.List());
        Assert.Equal((2, 3), (summary.VmsHealthy, summary.VmsTotal));
        Assert.Contains("2 of 3", ended.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_a_hand_over_before_anything_started_has_the_source_run_again()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        await scene.OpenAsync();
        await scene.StartAsync();
        await foreach (var record in scene.Engine.WatchAsync(scene.Uuid!, 0, Cancel))
        {
            if (record.Phase == RunPhase.Waiting)
            {
                break;
            }
        }

        await scene.Engine.CancelAsync(scene.Uuid!, "bob", Cancel);
        Assert.Equal(RunPhase.Cancelled, (await scene.FollowAsync()).Phase);
        scene.CheckEnd();
    }
}
