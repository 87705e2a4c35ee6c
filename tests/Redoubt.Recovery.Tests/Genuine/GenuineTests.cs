using Redoubt.Cli;
using Redoubt.Cli.Output;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>Every kind of run with genuine pools at both ends, as root and as a pool operator.</summary>
public sealed class GenuineTests
{
    public static TheoryData<string> Users => ["root", GenuineXapi.Operator];

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_failover_recovers_starts_and_protects(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        RequireRecovered(scene, 1);
        Assert.Empty(scene.Target.Database.All<DrTaskRecord>());
        Assert.Equal(2, scene.Target.Database.All<VdiRecord>().Count(v => v.Record.MetadataOfPool == scene.Target.Pool));
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_migration_switches_off_there_and_starts_here(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Migration, user);
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        RequireRecovered(scene, 1);
        Assert.All(
            GenuineScene.VmsOf(scene.Source).Values,
            v => Assert.Equal((VmPowerState.Halted, true), (v.PowerState, v.BlockedOperations.ContainsKey(VmOperations.Start))));
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_failback_replaces_the_older_copies_whose_drives_are_marked_as_attached(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failback, user);
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        RequireRecovered(scene, 2);
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_migration_that_is_stopped_has_the_source_run_again(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Migration, user);
        var ended = await scene.RunAsync("stop");
        Assert.True(ended.Phase == RunPhase.Failed, ended.ToJson());
        Assert.All(
            GenuineScene.VmsOf(scene.Source).Values,
            v => Assert.Equal((VmPowerState.Running, 0), (v.PowerState, v.BlockedOperations.Count)));
        Assert.Empty(GenuineScene.VmsOf(scene.Target));
        scene.RequireClean();
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_test_is_refused_for_what_it_would_do_there_and_nothing_is_done(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Test, user);
        var plan = await scene.PlanAsync();
        Assert.Contains(
            plan.Findings,
            f => f is { Code: "test-not-isolated", Severity: Severity.Block }
                && f.Sentence.Contains("XenServer 8.4.0", StringComparison.Ordinal));
        Assert.Empty(scene.Target.Acts);
        scene.RequireClean();
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_pool_is_taken_for_what_it_says_it_is_and_asked_for_nothing_that_it_may_lack(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        scene.Target.ListsMethods = false;
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        RequireRecovered(scene, 1);
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_map_from_a_network_that_is_not_there_leads_where_it_says_and_leaves_no_other_network(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        var lan = scene.Target.Database.All<NetworkRecord>().Single().Ref;
        scene.Target.Database.Set(lan, n => n with { NameLabel = "lan" });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Networks = Scene.Map(("front", "lan")) } };
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.All(scene.Target.Database.All<VifRecord>(), v => Assert.Equal(lan, v.Record.Network));
        Assert.Equal(lan, Assert.Single(scene.Target.Database.All<NetworkRecord>()).Ref);
        RequireRecovered(scene, 1);
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task A_recovery_that_is_refused_leaves_no_network_behind_and_the_others_come_up(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        var lan = scene.Target.Database.All<NetworkRecord>().Single().Ref;
        scene.Target.Database.Set(lan, n => n with { NameLabel = "lan" });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Networks = Scene.Map(("front", "lan")) } };
        scene.Target.BeforeAct = name =>
            _ = name == "VM_appliance.recover" ? throw new XenApiException("INTERNAL_ERROR", "xapi broke") : name;
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Partial, ended.ToJson());
        Assert.Equal(["loose"], GenuineScene.VmsOf(scene.Target).Keys);
        Assert.Equal(lan, Assert.Single(scene.Target.Database.All<NetworkRecord>()).Ref);
        scene.RequireClean();
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task What_was_recovered_and_does_not_start_is_taken_back(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { OnTierFailure = TierFailure.Stop } };
        scene.Target.BeforeAct = name => _ = name == "VM.start" ? throw new XenApiException("NO_HOSTS_AVAILABLE") : name;
        Assert.Equal(RunPhase.Failed, (await scene.RunAsync()).Phase);
        scene.Target.BeforeAct = null;
        var undone = await scene.UndoAsync();
        Assert.True(undone.Phase == RunPhase.Undone, undone.ToJson());
        Assert.Empty(scene.Target.Database.All<VmRecord>());
        Assert.Empty(scene.Target.Database.All<SrRecord>());
        Assert.Empty(scene.Target.Database.All<DrTaskRecord>());
        scene.RequireClean();
    }

    [Fact]
    public async Task A_copy_that_the_server_passed_over_in_silence_was_not_recovered()
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failback, "root");
        // As new as what comes, so that it takes force; and somebody starts it in the last moment.
        foreach (var (vm, _) in scene.Target.Database.All<VmRecord>().ToList())
        {
            scene.Target.Database.Set(vm, v => v with { Version = 1 });
        }

        scene.Request = scene.Request with
        {
            Policy = scene.Request.Policy with
            {
                Copies = Scene.Map([.. Enumerable.Range(1, 3).Select(n => (GenuineScene.Vm(n), GenuineScene.Volume))]),
            },
        };
        scene.Target.BeforeAct = name =>
        {
            if (name == "VM.recover")
            {
                scene.Target.Database.Set(
                    scene.Target.Database.Find<VmRecord>(GenuineScene.Vm(3)), v => v with { PowerState = VmPowerState.Paused });
            }
        };
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Partial, ended.ToJson());
        Assert.Contains("left its own copy as it is", ended.Vms.Single(v => v.Vm.Name == "loose").Error, StringComparison.Ordinal);
        Assert.Empty(scene.Array.Violations);
    }

    [Fact]
    public async Task A_start_delay_is_never_short_though_the_server_tells_whole_seconds()
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, GenuineXapi.Operator);
        var delay = TimeSpan.FromSeconds(1);
        var rows = scene.Array.Luns[GenuineScene.SrA].Metadata[GenuineScene.Volume]();
        rows.Set(rows.Find<VmRecord>(GenuineScene.Vm(1)), v => v with { StartDelay = 1 });
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.True(ended.Vms.Single(v => v.Vm.Name == "db").StartedAt >= scene.Target.Started["db"], ended.ToJson());
        Assert.True(scene.Target.Started["web"] - scene.Target.Started["db"] >= delay);
    }

    [Fact]
    public async Task An_earlier_state_is_refused_in_the_plan_and_not_by_the_server()
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, GenuineXapi.Operator);
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { PointInTime = "41" } };
        var plan = await scene.PlanAsync();
        Assert.Contains(plan.Findings, f => f is { Code: "no-history", Severity: Severity.Block });
        scene.RequireClean();
    }

    [Fact]
    public async Task What_the_server_can_not_keep_stands_in_the_plan()
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failback, GenuineXapi.Operator);
        var plan = await scene.PlanAsync();
        Assert.Single(plan.Findings, f => f.Code == "start-unguarded");
        Assert.Equal(3, plan.Findings.Count(f => f.Code == "replaced-for-good"));
    }

    [Fact]
    public async Task Storage_that_the_server_can_not_protect_is_named_and_the_run_does_not_try()
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failback, GenuineXapi.Operator);
        foreach (var pool in scene.Array.Pools)
        {
            pool.Database.Set(pool.Database.Find<SrRecord>(GenuineScene.SrB), s => s with { Type = "nfs" });
        }

        var plan = await scene.PlanAsync();
        Assert.Equal(GenuineScene.SrB, Assert.Single(plan.Findings, f => f.Code == "not-protected-again").Object.Uuid);
        var ended = await scene.RunAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        RequireRecovered(scene, 2);
    }

    [Theory]
    [MemberData(nameof(Users))]
    public async Task The_command_line_says_in_words_what_the_server_lacks(string user)
    {
        await using var scene = await GenuineScene.MakeAsync(RecoveryKind.Failover, user);
        foreach (var (line, expected) in new[]
        {
            ("dr-status", "This server can't carry out recoveries"),
            ($"vm-list database:vdi-uuid={GenuineScene.Volume} database:at=41", "it has no VDI.open_database_at, which only Redoubt has"),
        })
        {
            var (output, error) = (new StringWriter(), new StringWriter());
            var app = new App(
                new Terminal(output, error, isInteractive: false), Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString()),
                TimeProvider.System);
            var code = await app.RunAsync(
                ["-s", scene.Target.Url.ToString(), "-u", user, "-pw", GenuineXapi.Password, .. line.Split(' ')], null, RealSite.Cancel);
            Assert.NotEqual(0, code);
            Assert.Contains(expected, error.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("call_extension", error.ToString(), StringComparison.Ordinal);
        }
    }

    private static void RequireRecovered(GenuineScene scene, long version)
    {
        var vms = GenuineScene.VmsOf(scene.Target);
        Assert.Equal(["db", "loose", "web"], vms.Keys.Order(StringComparer.Ordinal));
        Assert.All(vms.Values, v => Assert.Equal((VmPowerState.Running, version), (v.PowerState, v.Version)));
        Assert.Equal(["db", "web"], vms.Values.Where(v => !v.Appliance.IsNull).Select(v => v.NameLabel).Order(StringComparer.Ordinal));
        scene.RequireClean();
    }
}
