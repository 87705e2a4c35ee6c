using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>
/// Every kind of run against fake pools, with the engine dying at every write of the journal, every call failing, and every answer lost.
/// After each of them: nothing lost, nothing twice, nothing left over.
/// </summary>
public sealed class FaultTests
{
    public static TheoryData<RecoveryKind> Kinds =>
        [RecoveryKind.Failover, RecoveryKind.Migration, RecoveryKind.Failback, RecoveryKind.Test];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Without_faults_the_run_succeeds(RecoveryKind kind)
    {
        await using var scene = FaultScene.Make(kind);
        await scene.OpenAsync();
        Assert.True(await scene.StartAsync());
        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        scene.CheckEnd();
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task Whenever_the_engine_dies_the_run_can_go_on(RecoveryKind kind) => DyingAsync(kind, async scene =>
    {
        if (scene.Run.Phase == RunPhase.Interrupted)
        {
            await scene.Engine.ResumeAsync(scene.Uuid!, "bob", RealSite.Cancel);
        }

        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded || (kind == RecoveryKind.Test && ended.Phase == RunPhase.Failed), ended.ToJson());
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task Whenever_the_engine_dies_the_run_can_be_undone(RecoveryKind kind) => DyingAsync(kind, async scene =>
    {
        if (scene.Run.Phase is RunPhase.Interrupted or RunPhase.Waiting)
        {
            await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
        }

        var ended = await scene.FollowAsync();
        Assert.True(
            ended.Phase is RunPhase.Undone or RunPhase.Succeeded || (kind == RecoveryKind.Test && ended.Phase == RunPhase.Failed),
            ended.ToJson());
    });

    [Fact]
    public Task Whenever_the_engine_dies_while_disks_are_copied_the_run_can_go_on() => DyingAsync(FaultScene.MakeCopying, async scene =>
    {
        if (scene.Run.Phase == RunPhase.Interrupted)
        {
            await scene.Engine.ResumeAsync(scene.Uuid!, "bob", RealSite.Cancel);
        }

        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
        Assert.Equal(3, ended.Plan.Steps.OfType<CopyDisks>().Count());
    });

    [Fact]
    public Task Whenever_the_engine_dies_while_disks_are_copied_the_run_can_be_undone() => DyingAsync(FaultScene.MakeCopying, async scene =>
    {
        if (scene.Run.Phase is RunPhase.Interrupted or RunPhase.Waiting)
        {
            await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
        }

        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase is RunPhase.Undone or RunPhase.Succeeded, ended.ToJson());
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whenever_the_engine_dies_while_it_undoes_it_can_undo_to_the_end(RecoveryKind kind)
    {
        foreach (var at in Sampling.FromOne(oneOf: 3))
        {
            foreach (var isAfter in new[] { false, true })
            {
                await using var scene = FaultScene.Make(kind);
                await scene.OpenAsync();
                await StopBeforeProtectingAsync(scene);
                try
                {
                    await scene.ReopenAsync(at, isAfter);
                    if (scene.Run.Phase == RunPhase.Interrupted)
                    {
                        await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
                    }

                    if ((await scene.FollowAsync()).Phase.IsFinal())
                    {
                        Assert.True(at > 5, $"it was over after {at} writes");
                        scene.CheckEnd();
                        return;
                    }
                }
                catch (Exception died) when (died is IOException or RunRefusedException)
                {
                    // It died of the very wish to undo, as it came up, or just before it was asked.
                }

                await scene.ReopenAsync();
                if (scene.Run.Phase == RunPhase.Interrupted)
                {
                    await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
                }

                var ended = await scene.FollowAsync();
                Assert.True(ended.Phase is RunPhase.Undone or RunPhase.Failed, $"at {at}: {ended.ToJson()}");
                scene.CheckEnd();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whichever_call_fails_nothing_is_lost_and_the_run_can_be_brought_to_an_end(RecoveryKind kind)
    {
        foreach (var at in Sampling.FromOne(oneOf: 3))
        {
            await using var scene = FaultScene.Make(kind);
            var (count, failed) = (0, "");
            Fail(scene, name =>
            {
                if (Interlocked.Increment(ref count) == at)
                {
                    failed = name;
                    throw new XenApiException("INTERNAL_ERROR", $"injected into {name}");
                }
            });
            await scene.OpenAsync();
            Assert.True(await scene.StartAsync());
            var ended = await scene.FollowAsync();
            scene.CheckAlways();
            if (failed.Length == 0)
            {
                Assert.True(at > 5);
                return;
            }

            if (ended.Phase == RunPhase.Interrupted || (ended.Phase is RunPhase.Partial or RunPhase.Failed && kind != RecoveryKind.Test && !ended.Log.Any(l => l.Text.StartsWith("Taken back", StringComparison.Ordinal))))
            {
                Assert.NotNull(ended.Failure);
                await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
                ended = await scene.FollowAsync();
            }

            Assert.True(ended.Phase.IsFinal(), $"{failed} at {at}: {ended.ToJson()}");
            scene.CheckEnd();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whichever_answer_is_lost_the_step_is_repeated_without_harm(RecoveryKind kind)
    {
        foreach (var at in Sampling.FromOne(oneOf: 3))
        {
            await using var scene = FaultScene.Make(kind);
            var (count, lost) = (0, "");
            Lose(scene, name =>
            {
                if (Interlocked.Increment(ref count) == at)
                {
                    lost = name;
                    throw new HttpRequestException($"the answer to {name} was lost");
                }
            });
            await scene.OpenAsync();
            Assert.True(await scene.StartAsync());
            var ended = await scene.FollowAsync();
            if (lost.Length == 0)
            {
                Assert.True(at > 5);
                return;
            }

            // The hand-over asks a second time by itself: it must not be what holds up a run.
            if (lost != "VM.add_to_blocked_operations")
            {
                Assert.True(ended.Phase == RunPhase.Interrupted, $"{lost} at {at}: {ended.ToJson()}");
                await scene.Engine.ResumeAsync(scene.Uuid!, "bob", RealSite.Cancel);
                ended = await scene.FollowAsync();
            }

            Assert.True(ended.Phase == RunPhase.Succeeded, $"{lost} at {at}: {ended.ToJson()}");
            scene.CheckEnd();
        }
    }

    private static Task DyingAsync(RecoveryKind kind, Func<FaultScene, Task> goOn) => DyingAsync(() => FaultScene.Make(kind), goOn);

    private static async Task DyingAsync(Func<FaultScene> make, Func<FaultScene, Task> goOn)
    {
        foreach (var at in Sampling.FromOne(oneOf: 3))
        {
            foreach (var isAfter in new[] { false, true })
            {
                await using var scene = make();
                await scene.OpenAsync(at, isAfter);
                if (!await scene.StartAsync())
                {
                    scene.CheckAlways();
                    Assert.Equal(scene.Before.Target, scene.World.Target.Describe());
                    continue;
                }

                if ((await scene.FollowAsync()).Phase.IsFinal())
                {
                    Assert.True(at > 10, $"it was over after {at} writes");
                    scene.CheckEnd();
                    return;
                }

                await scene.ReopenAsync();
                scene.CheckAlways();
                try
                {
                    await goOn(scene);
                    scene.CheckEnd();
                }
                catch (Exception failed) when (failed is not OperationCanceledException)
                {
                    throw new InvalidOperationException($"killed at write {at}, {(isAfter ? "after" : "before")} it", failed);
                }
            }
        }
    }

    // As far as it can be undone.
    private static async Task StopBeforeProtectingAsync(FaultScene scene)
    {
        Fail(scene, name =>
        {
            if (name == (scene.Request.Policy.Kind == RecoveryKind.Test ? "VM.start" : "SR.enable_database_replication"))
            {
                throw new HttpRequestException("the line is cut");
            }
        });
        Assert.True(await scene.StartAsync());
        Assert.Equal(RunPhase.Interrupted, (await scene.FollowAsync()).Phase);
        Fail(scene, null);
    }

    private static void Fail(FaultScene scene, Action<string>? fault) =>
        (scene.World.Source.BeforeAct, scene.World.Target.BeforeAct) = (fault, fault);

    private static void Lose(FaultScene scene, Action<string>? fault) =>
        (scene.World.Source.AfterAct, scene.World.Target.AfterAct) = (fault, fault);
}
