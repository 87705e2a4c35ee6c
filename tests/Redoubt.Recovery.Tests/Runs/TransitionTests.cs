using FsCheck;
using FsCheck.Fluent;

namespace Redoubt.Recovery.Tests;

/// <summary>The one function from events to a state, and the one from a state to what is next.</summary>
public sealed class TransitionTests
{
    /// <summary>A run that is driven by chance, as far as <see cref="RunDecision"/> lets it go.</summary>
    internal static Gen<List<RunEvent>> Histories => Gen.Choose(0, 99).ListOf(60).Select(dice => Play([.. dice]));

    [Fact]
    public void Any_prefix_of_a_journal_is_a_state_and_replaying_it_gives_the_same() => Prop.ForAll(Arb.From(Histories), events =>
    {
        RunState? live = null;
        for (var i = 0; i < events.Count; i++)
        {
            live = RunTransitions.Apply(live, events[i]);
            var text = events.Take(i + 1).Select(RecoveryJson.WriteLine<RunEvent>);
            var replayed = text.Select(RecoveryJson.Read<RunEvent>).Aggregate((RunState?)null, RunTransitions.Apply)!;
            Assert.Equal(live.ToRecord().ToJson(), replayed.ToRecord().ToJson());
            Assert.Equal(i + 1, live.Revision);
            Assert.Equal(RunDecision.Next(live), RunDecision.Next(replayed));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_run_comes_to_an_end_or_to_a_person() => Prop.ForAll(Arb.From(Histories), events =>
    {
        var state = events.Aggregate((RunState?)null, RunTransitions.Apply)!;
        for (var i = 0; i < 1000; i++)
        {
            var action = RunDecision.Next(state);
            if (action is RunAction.Rest)
            {
                Assert.True(state.Phase.IsFinal() || state.Phase is RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused);
                return;
            }

            state = Smoothly(action).Aggregate(state, RunTransitions.Apply);
        }

        Assert.Fail("it goes on for ever");
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_done_is_not_done_again_and_nothing_is_taken_back_twice() => Prop.ForAll(Arb.From(Histories), events =>
    {
        var state = (RunState?)null;
        foreach (var happened in events)
        {
            if (happened is RunEvent.StepIntended intended)
            {
                Assert.True(state!.Steps[intended.Step].Phase is StepPhase.Pending or StepPhase.Running);
                Assert.False(state.IsBackward);
                Assert.False(IsBegunInAPause(state, intended.Step));
            }

            if (happened is RunEvent.UndoIntended undo)
            {
                Assert.True(state!.Steps[undo.Step].Phase is not (StepPhase.Pending or StepPhase.Skipped or StepPhase.Undone));
                Assert.False(IsBegunInAPause(state, undo.Step));
            }

            state = RunTransitions.Apply(state, happened);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_paused_run_goes_on_where_it_was_in_the_direction_in_which_it_went() => Prop.ForAll(Arb.From(Histories), events =>
    {
        var state = (RunState?)null;
        foreach (var happened in events)
        {
            state = RunTransitions.Apply(state, happened);
            if (state.Phase is RunPhase.Running or RunPhase.Undoing)
            {
                var paused = RunTransitions.Apply(state, new RunEvent.PauseAsked("bob"));
                var resumed = RunTransitions.Apply(paused, RunChecks.Resume(paused, "bob"));
                Assert.Equal(state.Phase, resumed.Phase);
                Assert.False(resumed.IsPauseWanted);
            }

            // It neither says that it goes on nor does it, whatever happens to its daemon.
            if (state.Phase == RunPhase.Pausing)
            {
                var dead = RunChecks.AfterDeath(state).Aggregate(state, RunTransitions.Apply);
                Assert.Equal(RunPhase.Paused, dead.Phase);
                Assert.IsType<RunAction.Rest>(RunDecision.Next(dead));
                Assert.Empty(RunChecks.AfterDeath(dead));
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_question_that_comes_up_in_a_pause_is_answered_and_the_run_stays_paused()
    {
        var state = Play([0, 0]).Aggregate((RunState?)null, RunTransitions.Apply)!;
        state = Apply(state, new RunEvent.StepIntended(0), new RunEvent.PauseAsked("bob"), new RunEvent.Asked(0, "key", "well?", ["done"]));
        Assert.Equal(RunPhase.Waiting, state.Phase);
        state = Apply(state, new RunEvent.Answered("done", "bob"));
        Assert.Equal(new RunAction.Do(0), RunDecision.Next(state));
        state = Apply(state, new RunEvent.StepIntended(0), new RunEvent.StepDone(0));
        Assert.Equal(new RunAction.Note(new RunEvent.Paused()), RunDecision.Next(state));
    }

    [Fact]
    public void Only_a_run_with_something_under_way_is_paused()
    {
        var state = Play([0, 0]).Aggregate((RunState?)null, RunTransitions.Apply)!;
        foreach (var phase in Enum.GetValues<RunPhase>())
        {
            if (phase is RunPhase.Running or RunPhase.Undoing)
            {
                Assert.IsType<RunEvent.PauseAsked>(RunChecks.Pause(state with { Phase = phase }, "bob"));
            }
            else
            {
                Assert.Contains(
                    "can't be paused",
                    Assert.Throws<RunRefusedException>(() => RunChecks.Pause(state with { Phase = phase }, "bob")).Message,
                    StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("answered")]
    [InlineData("cancelled while it asks")]
    [InlineData("cancelled earlier")]
    [InlineData("undone")]
    [InlineData("being removed")]
    [InlineData("stuck while it was being removed")]
    public void A_kept_test_whose_clean_up_was_ordered_is_cleaned_up_by_the_next_daemon_wherever_the_last_one_died(string when)
    {
        var state = Kept();
        var cleanUp = state.Plan.Steps.Length - 1;
        Assert.IsType<CleanUp>(state.Plan.Steps[cleanUp]);
        state = when == "cancelled earlier"
            ? Until(state, s => s.Steps[1].Phase == StepPhase.Running)
            : Until(state, s => s.Steps[cleanUp].Phase == StepPhase.Running);
        if (when != "cancelled earlier")
        {
            state = Apply(state, new RunEvent.Asked(cleanUp, TestActs.CleanUpKey, "well?", [TestActs.CleanUpAnswer]));
            Assert.Empty(RunChecks.AfterDeath(state)); // Nobody has ordered anything yet.
        }

        state = when switch
        {
            "answered" => Apply(state, RunChecks.CleanUp(state, "bob")),
            "undone" => Apply(state, new RunEvent.UndoAsked("bob")),
            _ => Apply(state, new RunEvent.CancelAsked("bob")),
        };
        if (when.EndsWith("being removed", StringComparison.Ordinal))
        {
            state = Until(state, s => s.Steps.Any(x => x.Phase == StepPhase.Undoing));
            if (when.StartsWith("stuck", StringComparison.Ordinal))
            {
                var step = state.Steps.ToList().FindIndex(x => x.Phase == StepPhase.Undoing);
                state = Apply(state, new RunEvent.UndoFailed(step, "no"), new RunEvent.Interrupted("no"));
            }
        }

        var again = RunChecks.AfterDeath(state).Aggregate(state, RunTransitions.Apply);
        Assert.Null(again.Question);
        var end = Until(again, s => s.Phase.IsFinal());
        var left = end.Plan.Steps.Zip(end.Steps).Where(
            s => s.First.Undo.IsPossible && s.Second.Phase is not (StepPhase.Undone or StepPhase.Pending or StepPhase.Skipped)).ToList();
        Assert.True(when == "answered" ? end.Steps[cleanUp].Phase == StepPhase.Done : left.Count == 0, string.Join(", ", left));

        // Here no VM has been said to be healthy, so what was cleaned up in its turn has failed.
        Assert.Equal(when == "undone" ? RunPhase.Undone : when == "answered" ? RunPhase.Failed : RunPhase.Cancelled, end.Phase);
    }

    private static RunState Kept()
    {
        var scene = new Scene();
        scene.AddVm("db");
        scene.Policy = new() { Kind = RecoveryKind.Test };
        var plan = Planner.Plan(scene.Policy, scene.Inventory);
        return RunTransitions.Apply(
            null,
            new RunEvent.Started(
                "11111111-0000-4000-8000-000000000001", new() { Policy = scene.Policy, KeepTest = true }, plan, "ann",
                [.. plan.Steps.Select(_ => (TimeSpan?)null)]));
    }

    // Everything goes well, until something is so.
    private static RunState Until(RunState state, Func<RunState, bool> isThere)
    {
        for (var i = 0; i < 200 && !isThere(state); i++)
        {
            foreach (var happened in Smoothly(RunDecision.Next(state)).TakeWhile(_ => !isThere(state)))
            {
                state = RunTransitions.Apply(state, happened);
            }
        }

        Assert.True(isThere(state), $"it came to rest: {state.Phase}");
        return state;
    }

    private static RunState Apply(RunState state, params IEnumerable<RunEvent> events) => events.Aggregate(state, RunTransitions.Apply);

    // What was under way when the pause was asked for is brought to its end.
    private static bool IsBegunInAPause(RunState state, int step) =>
        state.Phase == RunPhase.Paused
            || (state.Phase == RunPhase.Pausing && state.Steps[step].Phase is not (StepPhase.Running or StepPhase.Undoing));

    private static IEnumerable<RunEvent> Smoothly(RunAction action) => action switch
    {
        RunAction.Note(var note) => [note],
        RunAction.Do(var step) => [new RunEvent.StepIntended(step), new RunEvent.StepDone(step)],
        RunAction.TakeBack(var step) => [new RunEvent.UndoIntended(step), new RunEvent.UndoDone(step)],
        _ => [],
    };

    internal static List<RunEvent> Play(List<int> dice)
    {
        var kind = (RecoveryKind)(dice[0] % 4);
        var scene = new Scene();
        scene.AddVm("db");
        scene.AddVm("web", order: 1);
        scene.Policy = new() { Kind = kind, IsSourceDead = kind == RecoveryKind.Failover, OnTierFailure = (TierFailure)(dice[1] % 3) };
        scene.AddLiveSource(Redoubt.XenApi.VmPowerState.Halted);
        var plan = Planner.Plan(scene.Policy, scene.Inventory);
        List<RunEvent> events = [new RunEvent.Started("11111111-0000-4000-8000-000000000001", new() { Policy = scene.Policy }, plan, "ann", [.. plan.Steps.Select(_ => (TimeSpan?)null)])];
        var state = RunTransitions.Apply(null, events[0]);
        foreach (var die in dice.Skip(2))
        {
            foreach (var happened in Chance(state, die))
            {
                events.Add(happened with { At = Scene.Now.AddSeconds(events.Count) });
                state = RunTransitions.Apply(state, events[^1]);
            }
        }

        return events;
    }

    private static IEnumerable<RunEvent> Chance(RunState state, int die)
    {
        switch (RunDecision.Next(state))
        {
            case RunAction.Rest:
                return state.Phase switch
                {
                    RunPhase.Waiting =>
                        die < 70
                            ? [new RunEvent.Answered(state.Question!.Answers[die % state.Question.Answers.Length], "bob")]
                            : [new RunEvent.CancelAsked("bob")],
                    RunPhase.Interrupted => die < 60 || state.IsBackward ? [new RunEvent.ResumeAsked("bob")] : die < 80 ? [new RunEvent.UndoAsked("bob")] : [new RunEvent.CancelAsked("bob")],
                    RunPhase.Paused => [die < 50 ? RunChecks.Resume(state, "bob") : die < 75 ? RunChecks.Undo(state, "bob", []) : RunChecks.Cancel(state, "bob")],
                    _ => [],
                };
            case RunAction.Note(var note):
                return [note];
            case RunAction.Do(var step):
                IEnumerable<RunEvent> before = [new RunEvent.StepIntended(step), new RunEvent.FactNoted(step, $"fact {die % 3}", "x")];
                var vm = state.Vms[die % state.Vms.Length].Vm.Uuid;
                return before.Concat(die switch
                {
                    < 50 =>
                        [.. state.Plan.Steps[step].Objects.Where(o => o.Kind == ObjectKind.Vm)
                            .Select(o => new RunEvent.VmMoved(o.Uuid, (VmPhase)(2 + (die % 4)))), new RunEvent.StepDone(step)],
                    < 60 => [new RunEvent.VmMoved(vm, VmPhase.Failed, Error: "no"), new RunEvent.StepPartial(step, "some")],
                    < 70 => [new RunEvent.StepFailed(step, "no")],
                    < 80 => [new RunEvent.Asked(step, RunDecision.TierKey, "well?", ["continue", "stop"])],
                    < 88 => [new RunEvent.Interrupted("cut")],
                    < 92 when state.Phase == RunPhase.Running => [new RunEvent.PauseAsked("bob"), new RunEvent.StepDone(step)],
                    < 94 => [new RunEvent.CancelAsked("bob"), new RunEvent.StepDone(step)],
                    _ => [new RunEvent.UndoAsked("bob")],
                });
            case RunAction.TakeBack(var step):
                return [new RunEvent.UndoIntended(step), .. die switch
                {
                    < 10 when state.Phase == RunPhase.Undoing =>
                        new RunEvent[] { new RunEvent.PauseAsked("bob"), new RunEvent.UndoDone(step) },
                    < 70 => [new RunEvent.UndoDone(step)],
                    < 80 => [new RunEvent.UndoFailed(step, "no")],
                    < 90 => [new RunEvent.Asked(step, "back", "well?", ["done"])],
                    _ => [new RunEvent.Interrupted("cut")],
                }];
            default:
                return [];
        }
    }
}
