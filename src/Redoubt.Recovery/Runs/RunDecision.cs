namespace Redoubt.Recovery;

/// <summary>
/// What a run does next: a pure function of its state. Steps are done in the plan's order, and taken back in the opposite one. A step
/// that fails is lived with where the others don't depend on it; else a test is cleaned up, a hand-over that has started nothing yet is
/// taken back so that the source runs again, and anything else is left to the operator.
/// </summary>
internal static class RunDecision
{
    public const string GoOn = "continue";
    public const string Stop = "stop";
    public const string TierKey = "tier";

    public static RunAction Next(RunState state) => state.Phase switch
    {
        RunPhase.Running => Forward(state),
        RunPhase.Pausing => Pausing(state, state.IsBackward ? Backward(state) : Forward(state)),
        RunPhase.Cancelling => Stopped(state),
        RunPhase.Undoing => Backward(state),
        RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused => new RunAction.Rest(),
        RunPhase.Succeeded or RunPhase.Partial or RunPhase.Failed or RunPhase.Cancelled or RunPhase.Undone => new RunAction.Rest(),
    };

    /// <summary>
    /// Whether the run goes on when such a step fails: losing one VM does not stop the others, and what runs is kept running.
    /// </summary>
    public static bool IsLivedWith(RecoveryStep step) => step switch
    {
        CopyDisks or RecoverVm or RecoverAppliance or HandOver or StartTier or WaitHealthy or Protect => true,
        CleanUp cleanUp => cleanUp.Vms.IsEmpty,
        RunHookStep hook => hook.Hook.Moment is HookMoment.AfterRun or HookMoment.AfterTier,
        _ => false,
    };

    // What is under way is brought to its end, what stops or ends the run anyway does; all else would begin something.
    private static RunAction Pausing(RunState state, RunAction next) => next switch
    {
        RunAction.Do(var step) when state.Steps[step].Phase == StepPhase.Running => next,
        RunAction.TakeBack(var step) when state.Steps[step].Phase == StepPhase.Undoing => next,
        RunAction.Note(RunEvent.Ended or RunEvent.Interrupted) => next,
        _ => new RunAction.Note(new RunEvent.Paused()),
    };

    private static RunAction Forward(RunState state)
    {
        for (var i = 0; i < state.Steps.Length; i++)
        {
            switch (state.Steps[i].Phase)
            {
                case StepPhase.Failed when !IsLivedWith(state.Plan.Steps[i]):
                    return GiveUp(state, i, state.Steps[i].Error ?? "");
                case StepPhase.Pending:
                    return NothingRecovered(state, i) ? GiveUp(state, i, "none of the VMs could be recovered")
                        : ReasonToSkip(state, i) is { } reason ? new RunAction.Note(new RunEvent.StepSkipped(i, reason))
                        : new RunAction.Do(i);
                case StepPhase.Running:
                    return new RunAction.Do(i);
            }
        }

        return Finish(state);
    }

    private static RunAction.Note GiveUp(RunState state, int step, string error)
    {
        var reason = $"step {step + 1} ({state.Plan.Steps[step].Key}) failed: {error}";
        return state.IsTest && state.Plan.Steps[step] is not CleanUp ? new RunAction.Note(new RunEvent.TurnedBack(RunPhase.Failed, reason))
            : state.IsOrderly && !state.IsPastReturn
                ? new RunAction.Note(
                    new RunEvent.TurnedBack(RunPhase.Failed, reason + "; nothing was started here, so the source runs again"))
            : new RunAction.Note(new RunEvent.Interrupted(reason));
    }

    // The source stands still for this run: if there is nothing to start here, it must run again.
    private static bool NothingRecovered(RunState state, int step) => state.IsOrderly && !state.IsPastReturn
        && state.Plan.Steps[step] is StartTier or Protect && state.Vms.All(v => v.RecoveredAt is null);

    private static string? ReasonToSkip(RunState state, int index)
    {
        var step = state.Plan.Steps[index];
        long? order = step switch
        {
            StartTier start => start.Order,
            WaitHealthy wait => wait.Order,
            RunHookStep { Hook: { Moment: HookMoment.BeforeTier or HookMoment.AfterTier, Order: var of } } => of,
            _ => null,
        };
        if (order is not null && StoppedBy(state, index) is { } stopped)
        {
            return $"Tier {stopped.Order} was not healthy, and its policy or a person says to stop.";
        }

        return step switch
        {
            RecoverVm one when IsNotCopied(state, [one.Vm]) => "Not all of its disks were copied.",
            RecoverAppliance all when IsNotCopied(state, all.Vms) => "Not all disks of its VMs were copied.",
            StartTier start when start.Vms.All(v => Vm(state, v).RecoveredAt is null) => "None of its VMs was recovered.",
            WaitHealthy wait when wait.Vms.All(v => Vm(state, v).StartedAt is null) && wait.OnFailure == TierFailure.Continue =>
                "None of its VMs was started.",
            Protect when state.Vms.All(v => v.RecoveredAt is null) => "No VM was recovered.",
            _ => null,
        };
    }

    private static bool IsNotCopied(RunState state, IReadOnlyCollection<PlanObject> vms) => state.Plan.Steps.Index().Any(
        s => s.Item is CopyDisks copy && vms.Contains(copy.Vm) && state.Steps[s.Index].Phase == StepPhase.Failed);

    // A tier that could not even be looked at is not known to be healthy; where a person was to be asked, nobody has said to go on.
    private static WaitHealthy? StoppedBy(RunState state, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (state.Plan.Steps[i] is WaitHealthy wait && state.Steps[i].Phase is StepPhase.Partial or StepPhase.Failed
                && (wait.OnFailure == TierFailure.Stop
                    || (wait.OnFailure == TierFailure.Ask
                        && state.Steps[i].Facts.GetValueOrDefault(PendingQuestion.FactOf(TierKey)) != GoOn)))
            {
                return wait;
            }
        }

        return null;
    }

    private static RunAction.Note Finish(RunState state)
    {
        var reached = state.Vms.Count(state.IsReached);
        var bad = state.Steps.Count(s => s.Phase is StepPhase.Failed or StepPhase.Partial);
        var phase = reached == state.Vms.Length && bad == 0 ? RunPhase.Succeeded
            : reached == 0 && state.Vms.Length > 0 ? RunPhase.Failed
            : RunPhase.Partial;
        return new RunAction.Note(new RunEvent.Ended(
            phase,
            phase == RunPhase.Succeeded
                ? null
                : $"{reached} of {state.Vms.Length} VMs are as was wanted; {bad} steps failed or were done in part"));
    }

    private static RunAction.Note Stopped(RunState state) =>
        state.IsUndoWanted ? new RunAction.Note(new RunEvent.TurnedBack(RunPhase.Undone, $"{state.Operator} asked for it"))
        : state.IsBackward || state.IsTest || (state.IsOrderly && !state.IsPastReturn)
            ? new RunAction.Note(new RunEvent.TurnedBack(RunPhase.Cancelled, $"{state.Operator} cancelled the run"))
        : new RunAction.Note(new RunEvent.Ended(RunPhase.Cancelled, $"{state.Operator} cancelled the run; what was done is left as it is"));

    private static RunAction Backward(RunState state)
    {
        for (var i = state.Steps.Length - 1; i >= 0; i--)
        {
            var step = state.Steps[i];
            switch (step.Phase)
            {
                case StepPhase.Pending or StepPhase.Skipped or StepPhase.Undone:
                case var _ when step.IsPassed:
                    continue;
                case StepPhase.UndoFailed:
                    return new RunAction.Note(
                        new RunEvent.Interrupted($"step {i + 1} ({state.Plan.Steps[i].Key}) could not be taken back: {step.Error}"));
                default:
                    return state.Plan.Steps[i].Undo is { IsPossible: false, Text: var reason }
                        ? new RunAction.Note(new RunEvent.UndoPassed(i, reason))
                        : new RunAction.TakeBack(i);
            }
        }

        return new RunAction.Note(new RunEvent.Ended(state.EndAs, state.Failure));
    }

    private static VmProgress Vm(RunState state, PlanObject vm) => state.Vms.First(v => v.Vm.Uuid == vm.Uuid);
}
