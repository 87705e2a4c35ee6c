using FsCheck;
using FsCheck.Fluent;

namespace Redoubt.Recovery.Tests;

/// <summary>What pages and commands make of a run's record.</summary>
public sealed class RunFiguresTests
{
    [Fact]
    public void What_is_offered_is_never_refused() => Prop.ForAll(Arb.From(TransitionTests.Histories), events =>
    {
        RunState? state = null;
        foreach (var happened in events)
        {
            state = RunTransitions.Apply(state, happened);
            foreach (var order in state.ToRecord().Orders())
            {
                _ = order switch
                {
                    RunOrder.Pause => RunChecks.Pause(state, "bob"),
                    RunOrder.Resume => RunChecks.Resume(state, "bob"),
                    RunOrder.CleanUp => RunChecks.CleanUp(state, "bob"),
                    RunOrder.Cancel => RunChecks.Cancel(state, "bob"),
                    RunOrder.Undo => RunChecks.Undo(state, "bob", []),
                };
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_run_that_stands_still_offers_something_and_one_that_is_over_as_was_wanted_nothing() =>
        Prop.ForAll(Arb.From(TransitionTests.Histories), events =>
        {
            var state = events.Aggregate((RunState?)null, RunTransitions.Apply)!;
            var orders = state.ToRecord().Orders();
            if (state.Phase is RunPhase.Interrupted or RunPhase.Paused)
            {
                Assert.Contains(RunOrder.Resume, orders);
            }

            if (state.Phase is RunPhase.Succeeded or RunPhase.Undone)
            {
                Assert.Empty(orders);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Progress_is_a_percentage_that_never_goes_back_but_when_the_run_turns() =>
        Prop.ForAll(Arb.From(TransitionTests.Histories), events =>
        {
            RunState? state = null;
            var (last, wasBackward) = (0, false);
            foreach (var happened in events)
            {
                state = RunTransitions.Apply(state, happened);
                var percent = state.ToRecord().Percent();
                Assert.InRange(percent, 0, 100);
                if (happened is RunEvent.ResumeAsked || wasBackward != state.IsBackward)
                {
                    // What failed is tried again; and a run that turns back has its way back before it.
                    (last, wasBackward) = (percent, state.IsBackward);
                }

                Assert.True(percent >= last, $"{last} % and then {percent} % at {happened}");
                last = percent;
                Assert.True(state.Phase is not (RunPhase.Succeeded or RunPhase.Undone) || percent == 100);
            }
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(RecoveryKind.Failover, VmPhase.Healthy, null, true)]
    [InlineData(RecoveryKind.Failover, VmPhase.Started, null, false)]
    [InlineData(RecoveryKind.Failover, VmPhase.Healthy, "it was lost again", false)]
    [InlineData(RecoveryKind.Failover, VmPhase.Removed, null, false)]
    [InlineData(RecoveryKind.Migration, VmPhase.Removed, null, false)]
    [InlineData(RecoveryKind.Test, VmPhase.Removed, null, true)]
    public void A_VM_counts_that_is_as_was_wanted_and_there_or_was_a_tests(RecoveryKind kind, VmPhase phase, string? error, bool counts)
    {
        var vm = new VmProgress(
            new(ObjectKind.Vm, "1", "db"), "2", phase, Scene.Now, Scene.Now, phase == VmPhase.Started ? null : Scene.Now, error);
        Assert.Equal(counts, vm.IsAsWanted(new() { Kind = kind }));
    }

    [Fact]
    public void A_VM_that_was_to_stay_off_counts_once_it_is_here()
    {
        var vm = new VmProgress(new(ObjectKind.Vm, "1", "db"), "2", VmPhase.Recovered, Scene.Now, null, null, null);
        Assert.True(vm.IsAsWanted(new() { Kind = RecoveryKind.Failover, PowerState = PowerStateAfter.Halted }));
        Assert.False(vm.IsAsWanted(new() { Kind = RecoveryKind.Failover, PowerState = PowerStateAfter.Paused }));
    }

    [Theory]
    [InlineData(RecoveryKind.Test, true, RunPhase.Waiting, StepPhase.Waiting, true)]
    [InlineData(RecoveryKind.Test, true, RunPhase.Waiting, StepPhase.Pending, false)]
    [InlineData(RecoveryKind.Test, true, RunPhase.Running, StepPhase.Running, false)]
    [InlineData(RecoveryKind.Test, true, RunPhase.Succeeded, StepPhase.Done, false)]
    [InlineData(RecoveryKind.Test, true, RunPhase.Partial, StepPhase.Failed, false)]
    [InlineData(RecoveryKind.Test, false, RunPhase.Waiting, StepPhase.Waiting, false)]
    [InlineData(RecoveryKind.Failover, true, RunPhase.Waiting, StepPhase.Waiting, false)]
    public void A_test_is_up_when_it_waits_for_its_clean_up(RecoveryKind kind, bool keep, RunPhase phase, StepPhase cleanUp, bool isUp)
    {
        var run = new RunRecord
        {
            Uuid = "1",
            Request = new() { Policy = new() { Kind = kind }, KeepTest = keep },
            Plan = new() { Kind = kind, Target = new(ObjectKind.Pool, "2", "paris"), InventoryTakenAt = Scene.Now },
            StartedBy = "ann",
            StartedAt = Scene.Now,
            Phase = phase,
            Revision = 1,
            Steps = [new(0, new CleanUp([], []), cleanUp, 1, Scene.Now, null, null, null)],
        };
        Assert.Equal(isUp, run.IsTestUp());
    }
}
