using System.Net;
using System.Net.Sockets;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>What one run must not do to another, to production, or to what it leaves behind.</summary>
public sealed class RunHazardTests
{
    private static CancellationToken Cancel => RealSite.Cancel;

    [Fact]
    public async Task Runs_that_write_at_once_all_write()
    {
        var directory = Directory.CreateTempSubdirectory("redoubt-journal-");
        try
        {
            using var journal = RunJournal.Open(Path.Combine(directory.FullName, "runs.db"), null);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(run => Task.Run(
                () =>
                {
                    for (var i = 0; i < 25; i++)
                    {
                        journal.Append($"run {run}", [new RunEvent.Logged($"{i}"), new RunEvent.Logged($"{i} again")]);
                    }
                }, Cancel)));
            var runs = journal.Read();
            Assert.Equal(4, runs.Count);
            Assert.All(runs, r => Assert.Equal(50, r.Count));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_word_that_ends_a_wait_holds_up_nobody_who_looks_at_the_run(bool isUndone)
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        scene.PollInterval = TimeSpan.FromHours(1);
        var policy = scene.Request.Policy;
        scene.Request = scene.Request with
        {
            Policy = policy with
            {
                Health = Scene.Map(("db", "tcp:127.0.0.1:1")),
                Limits = policy.Limits with { HealthTimeout = TimeSpan.FromDays(1) },
            },
        };
        var isHeldUp = false;
        var clock = new WatchedClock();
        scene.World.Time = clock;
        await scene.OpenAsync();
        await scene.StartAsync();
        await Patience.UntilAsync(
            () => scene.Run.Steps.Any(s => s is { Step: WaitHealthy, Phase: StepPhase.Running }) && clock.IsWaiting, "the run waits");

        // The timer of the wait is let go by whoever ends it. If that is done with the locks of the run held, nobody else gets to see it.
        var isSeen = 0;
        clock.LetGo = () =>
        {
            using var answered = new ManualResetEventSlim();
            new Thread(() => Look(scene, answered)) { IsBackground = true }.Start();
            isHeldUp |= !answered.Wait(TimeSpan.FromSeconds(30));
            isSeen++;
        };
        await (isUndone ? scene.Engine.UndoAsync(scene.Uuid!, "ann", Cancel) : scene.Engine.CancelAsync(scene.Uuid!, "ann", Cancel));
        Assert.Equal(isUndone ? RunPhase.Undone : RunPhase.Cancelled, (await scene.FollowAsync()).Phase);
        Assert.True(isSeen > 0);
        Assert.False(isHeldUp);
    }

    [Fact]
    public async Task A_run_is_not_undone_under_a_later_one()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var plan = await scene.PlanAsync();
        var first = await FailedAsync(scene, plan);
        var second = await FailedAsync(scene, plan);
        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => scene.Engine.UndoAsync(first, "ann", Cancel));
        Assert.Contains(second, refused.Message, StringComparison.Ordinal);
        Assert.Equal(3, scene.World.Target.Database.All<VmRecord>().Count());
        await scene.Engine.UndoAsync(second, "ann", Cancel);
        Assert.Equal(RunPhase.Undone, (await scene.FollowAsync()).Phase);
        await scene.Engine.UndoAsync(first, "ann", Cancel);
    }

    [Fact]
    public async Task An_undo_leaves_what_was_recovered_anew_since()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        await FailedAsync(scene, await scene.PlanAsync());
        var target = scene.World.Target.Database;
        target.Set(target.Find<VmRecord>(FakeWorld.Vm(3)), v => v with { Version = 7 });
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", Cancel);
        var ended = await scene.FollowAsync();
        Assert.Equal(RunPhase.Undone, ended.Phase);
        Assert.Equal("loose", Assert.Single(target.All<VmRecord>()).Record.NameLabel);
        Assert.Contains(ended.Log, l => l.Text.Contains("recovered anew", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_undo_takes_the_snapshots_along()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var source = scene.World.Source.Database;
        source.Add(
            new VmRecord
            {
                NameLabel = "before",
                IsASnapshot = true,
                IsATemplate = true,
                SnapshotOf = source.Find<VmRecord>(FakeWorld.Vm(3)),
            },
            FakeWorld.Vm(9));
        var plan = await scene.PlanAsync();
        await FailedAsync(scene, plan);
        Assert.Equal(4, scene.World.Target.Database.All<VmRecord>().Count());
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", Cancel);
        Assert.Equal(RunPhase.Undone, (await scene.FollowAsync()).Phase);
        Assert.Empty(scene.World.Target.Database.All<VmRecord>());
    }

    [Fact]
    public async Task A_time_limit_that_is_none_makes_its_VM_unhealthy_and_stops_the_next_tiers_if_so_told()
    {
        foreach (var limit in new[] { "NaN", "1e300", "99999999999999999999", "soon" })
        {
            await using var scene = FaultScene.Make(RecoveryKind.Failover);
            scene.Request = scene.Request with { Policy = scene.Request.Policy with { OnTierFailure = TierFailure.Stop } };
            var source = scene.World.Source.Database;
            source.Set(
                source.Find<VmRecord>(FakeWorld.Vm(1)), v => v with { OtherConfig = v.OtherConfig.SetItem("dr-health-timeout", limit) });
            await scene.OpenAsync();
            await scene.StartAsync();
            var ended = await scene.FollowAsync();
            Assert.Contains("dr-health-timeout", ended.Vms.Single(v => v.Vm.Name == "db").Error, StringComparison.Ordinal);
            Assert.Equal(StepPhase.Skipped, ended.Steps.Single(s => s.Step is StartTier { Order: 1 }).Phase);
        }
    }

    [Theory]
    [InlineData(TierFailure.Stop, true)]
    [InlineData(TierFailure.Ask, true)]
    [InlineData(TierFailure.Continue, false)]
    public void A_tier_that_could_not_be_looked_at_is_not_healthy(TierFailure policy, bool stops)
    {
        var state = Until<WaitHealthy>(policy);
        var index = state.Plan.Steps.ToList().FindIndex(s => s is WaitHealthy);
        state = RunTransitions.Apply(
            RunTransitions.Apply(state, new RunEvent.StepIntended(index)), new RunEvent.StepFailed(index, "a bug"));
        Assert.Equal(stops, RunDecision.Next(state) is RunAction.Note(RunEvent.StepSkipped));
    }

    [Fact]
    public async Task A_test_does_not_take_what_answers_in_production_for_its_copy()
    {
        using var production = new TcpListener(IPAddress.Loopback, 0);
        production.Start();
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        var check = $"tcp:127.0.0.1:{((IPEndPoint)production.LocalEndpoint).Port}";
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Health = Scene.Map(("db", check)) } };
        await scene.OpenAsync();
        await scene.StartAsync();
        var ended = await scene.FollowAsync();
        Assert.Contains("isolated", ended.Vms.Single(v => v.Vm.Name == "db").Error, StringComparison.Ordinal);
        Assert.False(production.Pending());
    }

    [Fact]
    public void An_order_to_stop_outlives_an_interruption()
    {
        var running = Until<StartTier>(TierFailure.Continue);
        var cut = new RunEvent.Interrupted("the daemon ended while it was under way");
        var cancelled = RunTransitions.Apply(RunTransitions.Apply(running, new RunEvent.CancelAsked("ann")), cut);
        Assert.IsType<RunEvent.CancelAsked>(RunChecks.Resume(cancelled, "bob"));
        var undone = RunTransitions.Apply(RunTransitions.Apply(running, new RunEvent.UndoAsked("ann")), cut);
        Assert.IsType<RunEvent.UndoAsked>(RunChecks.Resume(undone, "bob"));
        Assert.IsType<RunEvent.ResumeAsked>(RunChecks.Resume(RunTransitions.Apply(running, cut), "bob"));
    }

    [Fact]
    public async Task A_source_that_sees_what_was_replaced_here_runs_again_all_the_same_when_the_run_is_undone()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failback);
        scene.World.SourceSeesTarget = true;
        scene.World.Target.BeforeAct = name => _ = name == "VM.start" ? throw new HttpRequestException("the line is cut") : name;
        await scene.OpenAsync();
        await scene.StartAsync();
        Assert.Equal(RunPhase.Interrupted, (await scene.FollowAsync()).Phase);
        scene.World.Target.BeforeAct = null;
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", Cancel);
        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Undone, ended.ToJson());
        scene.CheckEnd();
        Assert.Contains(
            scene.World.Source.Acts,
            a => a.StartsWith("VM.take_back", StringComparison.Ordinal) && a.Contains(ended.Uuid, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_ran_here_before_stays_off_when_its_source_runs_again()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failback);
        var target = scene.World.Target.Database;
        target.Set(target.Find<VmRecord>(FakeWorld.Vm(3)), v => v with { PowerState = VmPowerState.Running });
        scene.Request = scene.Request with { Policy = scene.Request.Policy with { Resolve = ["sr-missing", "vm-running-here"] } };
        await scene.OpenAsync();
        await scene.StartAsync();
        await foreach (var record in scene.Engine.WatchAsync(scene.Uuid!, 0, Cancel))
        {
            if (record.Phase == RunPhase.Waiting)
            {
                break;
            }
        }

        Assert.Contains(scene.Run.Plan.Steps, s => s is ApplyFix { Fix: FixKind.ShutDownHere });
        await scene.Engine.UndoAsync(scene.Uuid!, "ann", Cancel);
        Assert.Equal(RunPhase.Undone, (await scene.FollowAsync()).Phase);
        Assert.Empty(scene.World.Violations);
        Assert.Equal(VmPowerState.Halted, target.Get(target.Find<VmRecord>(FakeWorld.Vm(3))).PowerState);
    }

    [Fact]
    public async Task Networks_of_one_name_are_isolated_from_each_other()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Test);
        var source = scene.World.Source.Database;
        var second = source.Add(new NetworkRecord { NameLabel = "front", Bridge = "xenbr1" }, "0e000000-0000-4000-8000-000000000009");
        source.Set(source.All<VifRecord>().First(v => source.Get(v.Record.Vm).NameLabel == "loose").Ref, v => v with { Network = second });
        var isolated = 0;
        scene.World.Target.BeforeAct = name => isolated = name == "VM.start"
            ? scene.World.Target.Database.All<NetworkRecord>().Count(n => n.Record.OtherConfig.ContainsKey("dr-test")) : isolated;
        await scene.OpenAsync();
        await scene.StartAsync();
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
        Assert.Equal(2, isolated);
    }

    [Fact]
    public async Task A_source_refuses_what_it_handed_over_and_says_where_it_is()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Migration);
        await scene.OpenAsync();
        await scene.StartAsync();
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
        await using var source = scene.World.Source.Connect();
        var vm = scene.World.Source.Database.Find<VmRecord>(FakeWorld.Vm(3));
        var refused = await Assert.ThrowsAsync<XenApiException>(() => source.CallAsync("VM.start", [vm, false, false], Cancel));
        Assert.Equal("OPERATION_BLOCKED", refused.Code);
        Assert.Contains(scene.Uuid!, refused.Parameters[1], StringComparison.Ordinal);
        Assert.Contains("recovery", refused.Parameters[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_VM_that_is_recovered_after_all_may_start()
    {
        await using var scene = FaultScene.Make(RecoveryKind.Failover);
        var source = scene.World.Source.Database;
        source.Set(source.Find<VmRecord>(FakeWorld.Vm(3)), v => v with
        {
            BlockedOperations = v.BlockedOperations.Add(VmOperations.Start, HandOverMark.Reason("pool x", "run"))
                .Add(VmOperations.Destroy, "mine"),
        });
        await scene.OpenAsync();
        await scene.StartAsync();
        Assert.Equal(RunPhase.Succeeded, (await scene.FollowAsync()).Phase);
        var target = scene.World.Target.Database;
        Assert.Equal([VmOperations.Destroy], target.Get(target.Find<VmRecord>(FakeWorld.Vm(3))).BlockedOperations.Keys);
    }

    // A run whose VMs are all recovered and started, just before a step.
    private static RunState Until<TStep>(TierFailure policy)
        where TStep : RecoveryStep
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.AddVm("web", order: 1);
        scene.Policy = new() { Kind = RecoveryKind.Failover, IsSourceDead = true, OnTierFailure = policy };
        var plan = Planner.Plan(scene.Policy, scene.Inventory);
        var state = RunTransitions.Apply(
            null,
            new RunEvent.Started(
                "11111111-0000-4000-8000-000000000001", new() { Policy = scene.Policy }, plan, "ann",
                [.. plan.Steps.Select(_ => (TimeSpan?)null)]));
        for (var i = 0; plan.Steps[i] is not TStep; i++)
        {
            List<RunEvent> events = [new RunEvent.StepIntended(i), .. plan.Steps[i] is StartTier or RecoverVm
                ? plan.Steps[i].Objects.Where(o => o.Kind == ObjectKind.Vm)
                    .Select(o => new RunEvent.VmMoved(o.Uuid, plan.Steps[i] is StartTier ? VmPhase.Started : VmPhase.Recovered)) : [],
                new RunEvent.StepDone(i)];
            state = events.Aggregate(state, RunTransitions.Apply);
        }

        return state;
    }

    private static async Task<string> FailedAsync(FaultScene scene, RecoveryPlan plan)
    {
        if (scene.Engine is null)
        {
            await scene.OpenAsync();
        }

        scene.World.Target.BeforeAct = name => _ = name == "VM.start" ? throw new XenApiException("NO_HOSTS_AVAILABLE") : name;
        // As if somebody had planned again and it had come out the same.
        Assert.True(await scene.StartAsync(plan with { InventoryTakenAt = TimeProvider.System.GetUtcNow() }));
        Assert.Equal(RunPhase.Failed, (await scene.FollowAsync()).Phase);
        scene.World.Target.BeforeAct = null;
        return scene.Uuid!;
    }

    private static void Look(FaultScene scene, ManualResetEventSlim answered)
    {
        _ = scene.Engine.Find(scene.Uuid!);
        _ = scene.Engine.List();
        answered.Set();
    }

    /// <summary>The time, and word of each long wait that is given up.</summary>
    private sealed class WatchedClock : TimeProvider
    {
        private int _waiting;

        public bool IsWaiting => Volatile.Read(ref _waiting) > 0;

        public Action? LetGo { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = System.CreateTimer(callback, state, dueTime, period);
            if (dueTime < TimeSpan.FromMinutes(30))
            {
                return timer;
            }

            Interlocked.Increment(ref _waiting);
            return new WatchedTimer(timer, () => LetGo?.Invoke());
        }

        private sealed class WatchedTimer(ITimer timer, Action letGo) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                letGo();
                timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                letGo();
                return timer.DisposeAsync();
            }
        }
    }
}
