using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What a run's record comes to, for those who show it. Pure.</summary>
public static class RunFigures
{
    /// <summary>
    /// Whether a VM came to where it was wanted, and is there. The copies of a test are removed when they have been looked at, and count
    /// all the same; what a recovery removed again does not.
    /// </summary>
    public static bool IsAsWanted(this VmProgress vm, RecoveryPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentNullException.ThrowIfNull(policy);
        return vm.Error is null && (vm.Phase != VmPhase.Removed || policy.Kind == RecoveryKind.Test) && vm.ReachedAt(policy) is not null;
    }

    /// <summary>When a VM came to where it was wanted; null if it never did.</summary>
    public static DateTimeOffset? ReachedAt(this VmProgress vm, RecoveryPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(vm);
        ArgumentNullException.ThrowIfNull(policy);
        return policy.PowerState switch
        {
            PowerStateAfter.Start => vm.HealthyAt ?? vm.UncheckedAt,
            PowerStateAfter.Paused => vm.StartedAt,
            PowerStateAfter.Halted => vm.RecoveredAt,
        };
    }

    /// <summary>How a run's VMs came out.</summary>
    public static VmTally Tally(this RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return VmTally.Of(run.Vms, run.Request.Policy);
    }

    /// <summary>The phase for people.</summary>
    public static string Word(this VmPhase phase) =>
        phase == VmPhase.Unchecked ? "started, not checked" : phase.ToString().ToLowerInvariant();

    /// <summary>How many of a run's VMs are as was wanted.</summary>
    public static int VmsAsWanted(this RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Vms.Count(v => v.IsAsWanted(run.Request.Policy));
    }

    /// <summary>Whether it is a test that has been measured, was to be kept, and waits for nothing but its clean-up.</summary>
    public static bool IsTestUp(this RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run is { Phase: RunPhase.Waiting, Request: { KeepTest: true, Policy.Kind: RecoveryKind.Test } }
            && run.Steps.Any(s => s is { Step: CleanUp, Phase: StepPhase.Waiting });
    }

    /// <summary>
    /// How far a run has come, from 0 to 100: of the steps, those that are over. One that is taken back begins at 0 again, and what it had
    /// begun is what there is to do.
    /// </summary>
    public static int Percent(this RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.IsBackward)
        {
            var begun = run.Steps.Where(s => s.Attempt > 0).ToList();

            // What can't be taken back is passed by: it is behind whichever step is at turn.
            var turn = run.Steps.Where(s => s.Phase is StepPhase.Undoing or StepPhase.Undone or StepPhase.UndoFailed)
                .Select(s => (int?)s.Index).Min();
            return run.Phase.IsFinal() || begun.Count == 0 ? 100
                : begun.Count(s => s.Index > turn || (s.Index == turn && s.Phase == StepPhase.Undone)) * 100 / begun.Count;
        }

        return run.Steps.Length == 0 ? 0
            : run.Steps.Count(
                s => s.Phase is StepPhase.Done or StepPhase.Partial or StepPhase.Failed or StepPhase.Skipped) * 100 / run.Steps.Length;
    }

    /// <summary>The step that is under way, waits, or comes next; null if the run is over.</summary>
    public static StepRecord? Current(this RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Phase.IsFinal() ? null
            : run.IsBackward ? run.Steps.LastOrDefault(s => s.Phase is StepPhase.Undoing or StepPhase.UndoFailed)
            : run.Steps.FirstOrDefault(s => s.Phase is StepPhase.Running or StepPhase.Waiting or StepPhase.Pending)
                ?? run.Steps.FirstOrDefault(s => s.Phase == StepPhase.Failed);
    }

    /// <summary>
    /// What makes sense to order of a run as it stands, the most likely one first. A test holds that none of them is refused for it.
    /// </summary>
    public static ImmutableArray<RunOrder> Orders(this RunRecord run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Phase switch
        {
            RunPhase.Running => [RunOrder.Pause, RunOrder.Cancel],
            RunPhase.Waiting when run.IsTestUp() => [RunOrder.CleanUp],
            RunPhase.Waiting => run.IsBackward ? [] : [RunOrder.Cancel, RunOrder.Undo],
            RunPhase.Pausing => run.IsBackward ? [RunOrder.Resume] : [RunOrder.Resume, RunOrder.Cancel],
            RunPhase.Paused or RunPhase.Interrupted =>
                run.IsBackward ? [RunOrder.Resume] : [RunOrder.Resume, RunOrder.Cancel, RunOrder.Undo],
            RunPhase.Undoing => [RunOrder.Pause],
            RunPhase.Partial => [RunOrder.Undo],
            RunPhase.Failed or RunPhase.Cancelled => run.IsBackward ? [] : [RunOrder.Undo],
            RunPhase.Cancelling or RunPhase.Succeeded or RunPhase.Undone => [],
        };
    }
}
