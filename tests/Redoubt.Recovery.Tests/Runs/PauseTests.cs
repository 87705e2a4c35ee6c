namespace Redoubt.Recovery.Tests;

/// <summary>Every kind of run, paused at every call that it makes, and with the engine dying at every write while it is paused.</summary>
public sealed class PauseTests
{
    public static TheoryData<RecoveryKind> Kinds => FaultTests.Kinds;

    // Several calls make a step, and a pause comes after it: taking turns, each step is gone on from in each way somewhere.
    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whenever_it_is_paused_it_begins_nothing_until_it_is_resumed_undone_or_cancelled(RecoveryKind kind)
    {
        for (var at = 1; await PausesAsync(kind, at, (at % 3) switch { 0 => ResumeAsync, 1 => UndoAsync, _ => CancelAsync }); at++)
        {
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_undo_can_be_paused_at_every_call_and_goes_on(RecoveryKind kind)
    {
        for (var at = 1; ; at++)
        {
            await using var scene = FaultScene.Make(kind);
            await scene.OpenAsync();
            scene.World.Target.BeforeAct = name => _ = name == "VM.start" ? throw new HttpRequestException("the line is cut") : name;
            await scene.StartAsync();
            Assert.Equal(RunPhase.Interrupted, (await scene.FollowAsync()).Phase);
            scene.World.Target.BeforeAct = null;
            PauseAt(scene, at);
            await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
            var paused = await scene.FollowAsync();
            if (paused.Phase != RunPhase.Paused)
            {
                Assert.Equal(RunPhase.Undone, paused.Phase);
                Assert.True(at > 2, $"it was over after {at} calls");
                scene.CheckEnd();
                return;
            }

            await scene.ReopenAsync();
            Assert.Equal((RunPhase.Paused, true), (scene.Run.Phase, scene.Run.IsBackward));
            await scene.Engine.ResumeAsync(scene.Uuid!, "bob", RealSite.Cancel);
            Assert.Equal(RunPhase.Undone, (await scene.FollowAsync()).Phase);
            scene.CheckEnd();
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Whenever_the_engine_dies_in_a_pause_the_run_stays_paused_and_goes_on(RecoveryKind kind)
    {
        foreach (var at in Sampling.FromOne(oneOf: 3))
        {
            foreach (var isAfter in new[] { false, true })
            {
                await using var scene = FaultScene.Make(kind);
                await scene.OpenAsync(at, isAfter);
                PauseAt(scene, 4);
                if (!await scene.StartAsync())
                {
                    continue;
                }

                var died = await scene.FollowAsync();
                if (died.Phase == RunPhase.Paused)
                {
                    Assert.True(at > 5, $"it was paused after {at} writes");
                    return;
                }

                // What it was asked is in the journal, or whoever asked was told that it is not.
                var isPausing = scene.Run.Log.Any(l => l.Text.Contains("paused the run", StringComparison.Ordinal));
                scene.World.Target.BeforeAct = scene.World.Source.BeforeAct = null;
                await scene.ReopenAsync();
                scene.CheckAlways();
                if (isPausing)
                {
                    Assert.Equal(RunPhase.Paused, scene.Run.Phase);
                }

                if (scene.Run.Phase is RunPhase.Paused or RunPhase.Interrupted)
                {
                    await scene.Engine.ResumeAsync(scene.Uuid!, "bob", RealSite.Cancel);
                }

                var ended = await scene.FollowAsync();
                Assert.True(
                    ended.Phase == RunPhase.Succeeded || (kind == RecoveryKind.Test && ended.Phase == RunPhase.Failed),
                    $"at {at}: {ended.ToJson()}");
                scene.CheckEnd();
            }
        }
    }

    // False when a run makes fewer calls.
    private static async Task<bool> PausesAsync(RecoveryKind kind, int at, Func<FaultScene, Task> goOn)
    {
        await using var scene = FaultScene.Make(kind);
        await scene.OpenAsync();
        var asked = PauseAt(scene, at);
        Assert.True(await scene.StartAsync());
        var paused = await scene.FollowAsync();
        if (paused.Phase.IsFinal())
        {
            // In its last step there is nothing left that could wait.
            Assert.True(at > 5, $"it was over after {at} calls");
            scene.CheckEnd();
            return asked();
        }

        Assert.True(paused.Phase == RunPhase.Paused, paused.ToJson());
        Assert.DoesNotContain(paused.Steps, s => s.Phase is StepPhase.Running or StepPhase.Undoing);
        Assert.Contains(paused.Steps, s => s.Phase == StepPhase.Pending);
        scene.CheckAlways();
        var (here, there) = (scene.World.Target.Describe(), scene.World.Source.Describe());
        await scene.ReopenAsync();
        Assert.Equal(RunPhase.Paused, scene.Run.Phase);
        Assert.Equal((here, there), (scene.World.Target.Describe(), scene.World.Source.Describe()));
        try
        {
            await goOn(scene);
            scene.CheckEnd();
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            throw new InvalidOperationException($"paused at call {at}", failed);
        }

        return true;
    }

    private static async Task ResumeAsync(FaultScene scene)
    {
        await scene.Engine.ResumeAsync(scene.Uuid!, "bob", RealSite.Cancel);
        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Succeeded, ended.ToJson());
    }

    private static async Task UndoAsync(FaultScene scene)
    {
        await scene.Engine.UndoAsync(scene.Uuid!, "bob", RealSite.Cancel);
        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Undone, ended.ToJson());
    }

    private static async Task CancelAsync(FaultScene scene)
    {
        await scene.Engine.CancelAsync(scene.Uuid!, "bob", RealSite.Cancel);
        var ended = await scene.FollowAsync();
        Assert.True(ended.Phase == RunPhase.Cancelled, ended.ToJson());
        if (!ended.IsBackward)
        {
            // What was done was left as it is.
            await UndoAsync(scene);
        }
    }

    // Asks for the pause from within a call; tells whether it has.
    private static Func<bool> PauseAt(FaultScene scene, int at)
    {
        var count = 0;
        scene.World.Source.BeforeAct = scene.World.Target.BeforeAct = _ =>
        {
            if (Interlocked.Increment(ref count) == at)
            {
                // The first call may come before whoever started the run knows its UUID.
                Assert.True(SpinWait.SpinUntil(() => scene.Uuid is not null, TimeSpan.FromSeconds(30)));
                scene.Engine.PauseAsync(scene.Uuid!, "bob", RealSite.Cancel).GetAwaiter().GetResult();
            }
        };
        return () => count >= at;
    }
}
