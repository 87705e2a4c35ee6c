using Redoubt.Recovery;

namespace Redoubt.Server.Tests.Recovering;

public sealed class RecoveryCallTests
{
    [Fact]
    public async Task A_plan_is_made_started_and_ends_with_a_report()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var planned = await scene.PlanAsync(scene.Failover());
        Assert.False(planned.Plan.IsBlocked, planned.Plan.ToText());
        var run = (await scene.Target.CallAsync("recovery.start", scene.Failover().ToJson(), planned.Digest)).GetString()!;
        var ended = await scene.EndedAsync(run);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Equal("root", ended.StartedBy);
        Assert.Equal(["INVALID_VALUE", "timeout", "nan"], await scene.Target.FailureAsync("recovery.wait_run", run, 0, null!));
        Assert.Contains("web", await NamesAsync(scene.Target));
        Assert.Contains(run, (await scene.Target.CallAsync("recovery.get_report", run, "markdown")).GetString()!, StringComparison.Ordinal);
        Assert.Equal(
            [run],
            RecoveryJson.Read<List<RunSummary>>((await scene.Target.CallAsync("recovery.get_runs")).GetString()!).Select(r => r.Uuid));
    }

    [Fact]
    public async Task What_was_not_seen_is_not_started()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var planned = await scene.PlanAsync(scene.Failover());
        Assert.Equal(
            "DR_PLAN_CHANGED", (await scene.Target.FailureAsync("recovery.start", scene.Failover().ToJson(), new string('0', 64)))[0]);

        // The same VM appears here meanwhile: another plan.
        var undead = scene.Failover() with { Policy = scene.Failover().Policy with { IsSourceDead = false } };
        var refused = await scene.Target.FailureAsync("recovery.start", undead.ToJson(), planned.Digest);
        Assert.Equal("DR_PLAN_BLOCKED", refused[0]);
        Assert.Contains("source-not-dead", refused[1], StringComparison.Ordinal);
        Assert.Empty(RecoveryJson.Read<List<RunSummary>>((await scene.Target.CallAsync("recovery.get_runs")).GetString()!));
    }

    [Fact]
    public async Task Rule22_a_test_and_the_real_thing_are_separate_permissions()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var failover = scene.Failover();
        var test = failover with { Policy = failover.Policy with { Kind = RecoveryKind.Test } };
        Assert.Equal("INVALID_VALUE", (await scene.Target.FailureAsync("recovery.start", test.ToJson(), ""))[0]);
        Assert.Equal("INVALID_VALUE", (await scene.Target.FailureAsync("recovery.start_test", failover.ToJson(), ""))[0]);
    }

    [Fact]
    public async Task Rule22_read_only_looks_a_pool_operator_runs_and_a_vm_admin_is_refused()
    {
        await using var scene = await RecoveryScene.StartAsync();
        foreach (var role in new[] { "read-only", "vm-admin", "pool-operator" })
        {
            await scene.Target.CreateUserAsync($"a-{role}", role);
        }

        var (looks, admins, operates) = (await scene.Target.LoginAsync("a-read-only"), await scene.Target.LoginAsync("a-vm-admin"), await scene.Target.LoginAsync("a-pool-operator"));
        var request = scene.Failover().ToJson();
        foreach (var session in new[] { looks, admins })
        {
            await scene.Target.ResultAsync("recovery.get_status", session);
            await scene.Target.ResultAsync("recovery.get_runs", session);
            await scene.Target.ResultAsync("recovery.get_sites", session, false);
            await scene.Target.ResultAsync("recovery.get_plans", session, false);
            Assert.Contains(
                (await scene.PlanAsync(scene.Failover(), session)).Plan.Findings, f => f is { Code: "role", Severity: Severity.Block });
            foreach (var (message, arguments) in new (string, object[])[]
            {
                ("start", [request, ""]), ("start_test", [request, ""]), ("pause", ["x"]), ("resume", ["x"]), ("undo", ["x"]),
                ("cancel", ["x"]), ("answer", ["x", "y"]), ("clean_up_test", ["x"]),
                ("add_site", ["a", "b", "c", "d"]), ("remove_site", ["a"]), ("save_plan", ["a", request]), ("remove_plan", ["a"]),
                ("add_schedule", ["a", "b", "c"]), ("remove_schedule", ["a"]),
            })
            {
                Assert.Equal(
                    ["RBAC_PERMISSION_DENIED", $"recovery.{message}"],
                    (await scene.Target.RawFailureAsync($"recovery.{message}", [session, .. arguments]))[..2]);
            }
        }

        // Elsewhere the daemon has other rights than the caller, and a probe reaches wherever the daemon does.
        await scene.Target.CallAsync("recovery.add_site", "north", scene.Source.Url.ToString(), "root", TestPool.Password);
        var elsewhere = new RecoveryRequest { Policy = new() { Kind = RecoveryKind.Test }, Target = "north" }.ToJson();
        var probing = (scene.Failover() with { Probes = [new("file", System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("location", "/"))] }).ToJson();
        foreach (var session in new[] { looks, admins })
        {
            Assert.Equal(
                ["RBAC_PERMISSION_DENIED", "recovery.plan/target"],
                (await scene.Target.RawFailureAsync("recovery.plan", [session, elsewhere]))[..2]);
            Assert.Equal(
                ["RBAC_PERMISSION_DENIED", "recovery.plan/device-config"],
                (await scene.Target.RawFailureAsync("recovery.plan", [session, probing]))[..2]);
        }

        await scene.Target.ResultAsync("recovery.plan", operates, elsewhere);
        await scene.Target.CallAsync("recovery.remove_site", "north");
        var planned = await scene.PlanAsync(scene.Failover(), operates);
        var run = (await scene.Target.ResultAsync("recovery.start", operates, request, planned.Digest)).GetString()!;
        var ended = await scene.EndedAsync(run);
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Equal("a-pool-operator", ended.StartedBy);
    }

    [Fact]
    public async Task What_a_run_does_is_recorded_under_the_name_of_who_ordered_it()
    {
        await using var scene = await RecoveryScene.StartAsync();
        await scene.Target.CreateUserAsync("olga", "pool-operator");
        var session = await scene.Target.LoginAsync("olga");
        var planned = await scene.PlanAsync(scene.Failover(), session);
        await scene.EndedAsync(
            (await scene.Target.ResultAsync("recovery.start", session, scene.Failover().ToJson(), planned.Digest)).GetString()!);
        var calls = (await scene.Target.AuditAsync()).Where(l => l.GetProperty("user").GetString() == "olga")
            .Select(l => l.GetProperty("call").GetString()).ToList();
        Assert.Contains("recovery.start", calls);
        Assert.Contains(calls, c => c!.Contains("VM.recover", StringComparison.Ordinal));
        Assert.DoesNotContain("recovery.plan", calls);
    }

    [Fact]
    public async Task Of_two_operators_who_start_the_same_one_is_told_about_the_other()
    {
        await using var scene = await RecoveryScene.StartAsync();
        await scene.Target.CreateUserAsync("ann", "pool-operator");
        await scene.Target.CreateUserAsync("bob", "pool-operator");
        var sessions = new[] { await scene.Target.LoginAsync("ann"), await scene.Target.LoginAsync("bob") };
        var planned = await scene.PlanAsync(scene.Failover());
        var both = await Task.WhenAll(
            sessions.Select(s => scene.Target.AnswerAsync("recovery.start", s, scene.Failover().ToJson(), planned.Digest)));
        var started = Assert.Single(both, b => b.TryGetProperty("result", out _)).GetProperty("result").GetString()!;
        var refusal = Assert.Single(both, b => b.TryGetProperty("error", out _)).GetProperty("error");

        // The second may also come so late that the first has finished, and the plan is another one by then.
        Assert.Contains(refusal.GetProperty("message").GetString(), new[] { "DR_RUN_REFUSED", "DR_PLAN_CHANGED" });
        if (refusal.GetProperty("message").GetString() == "DR_RUN_REFUSED")
        {
            Assert.Contains(started, refusal.GetProperty("data")[0].GetString()!, StringComparison.Ordinal);
        }

        Assert.True((await scene.EndedAsync(started)).Phase == RunPhase.Succeeded);
    }

    [Fact]
    public async Task Runs_are_there_after_a_restart()
    {
        await using var scene = await RecoveryScene.StartAsync();
        var planned = await scene.PlanAsync(scene.Failover());
        var run = (await scene.Target.CallAsync("recovery.start", scene.Failover().ToJson(), planned.Digest)).GetString()!;
        await scene.Target.Server.DisposeAsync();
        await scene.Target.StartAsync();
        var after = RunRecord.FromJson((await scene.Target.CallAsync("recovery.get_run", run)).GetString()!);
        if (after.Phase == RunPhase.Interrupted)
        {
            await scene.Target.CallAsync("recovery.resume", run);
            after = await scene.EndedAsync(run);
        }

        Assert.True(after.Phase == RunPhase.Succeeded, after.ToJson());
        Assert.Single(await NamesAsync(scene.Target), "web");
    }

    [Fact]
    public async Task A_run_that_is_not_there_is_said_to_be_so()
    {
        await using var pool = new TestPool();
        await pool.InitializeAsync();
        foreach (var (message, arguments) in new (string, object[])[]
        {
            ("get_run", ["x"]), ("wait_run", ["x", 0, 1.0]), ("pause", ["x"]), ("resume", ["x"]), ("undo", ["x"]), ("cancel", ["x"]),
            ("answer", ["x", "y"]), ("clean_up_test", ["x"]), ("get_report", ["x", "json"]),
        })
        {
            Assert.Equal(["DR_RUN_UNKNOWN", "x"], await pool.FailureAsync($"recovery.{message}", arguments));
        }
    }

    private static async Task<List<string>> NamesAsync(TestPool pool)
    {
        var records = await pool.CallAsync("VM.get_all_records");
        return [.. records.EnumerateObject().Select(r => r.Value.GetProperty("name_label").GetString()!)];
    }
}
