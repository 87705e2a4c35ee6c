using System.Collections.Immutable;
using System.Diagnostics;

namespace Redoubt.Recovery;

/// <summary>
/// The one function from events to the state of a run. It is pure, so replaying a journal gives the state that was; every legal pair of
/// state and event is written out, and any other is a bug, for only <see cref="RunDecision"/> and the engine's own checks make events.
/// <code>
///             ┌───── answered ──── Waiting ◄── asked ──┐
///             ▼                                        │
/// started ► Running ── interrupted ► Interrupted ── resume ► (as before)
///             │ ├ pause asked ► Pausing ─ paused ► Paused ── resume ► (as before)
///             │ └ cancel, undo asked ► Cancelling ─┐
///             │ ended                              │ turned back, ended
///             ▼                                    ▼
///   Succeeded Partial Failed Cancelled  ◄ ended ─ Undoing ─ ended ► Undone Cancelled Failed
/// </code>
/// </summary>
internal static class RunTransitions
{
    public static RunState Apply(RunState? state, RunEvent happened) => happened is RunEvent.Started started
        ? state is null ? Begin(started) : throw Illegal(state, happened)
        : Move(
            state ?? throw new UnreachableException($"A run began with {happened.GetType().Name}."),
            happened) with
        { Revision = state.Revision + 1 };

    private static RunState Begin(RunEvent.Started started) => new()
    {
        Uuid = started.Uuid,
        Request = started.Request,
        Plan = started.Plan,
        StartedBy = started.By,
        StartedAt = started.At,
        Forecasts = started.Forecasts,
        Operator = started.By,
        Steps = [.. started.Plan.Steps.Select(_ => new StepState())],
        Vms = [.. VmsOf(started.Plan).Select(v => new VmProgress(v, null, VmPhase.Waiting, null, null, null, null))],
        Revision = 1,
    };

    /// <summary>The VMs that a plan recovers, in the order in which they start.</summary>
    internal static IEnumerable<PlanObject> VmsOf(RecoveryPlan plan)
    {
        var recovered = plan.Steps.SelectMany(s => s switch { RecoverVm one => [one.Vm], RecoverAppliance all => all.Vms, _ => ImmutableArray<PlanObject>.Empty })
            .DistinctBy(v => v.Uuid).ToList();
        var places = plan.Tiers.SelectMany(t => t.Vms).Select((v, i) => (v.Uuid, i)).DistinctBy(p => p.Uuid)
            .ToDictionary(p => p.Uuid, p => p.i);
        return recovered.OrderBy(v => places.GetValueOrDefault(v.Uuid, int.MaxValue));
    }

    private static RunState Move(RunState state, RunEvent happened) => (state.Phase, happened) switch
    {
        (RunPhase.Running or RunPhase.Pausing, RunEvent.StepIntended e) => Step(state, e, e.Step, s => s with
        {
            Phase = StepPhase.Running,
            Attempt = s.Attempt + 1,
            StartedAt = s.StartedAt ?? e.At,
            EndedAt = null,
            Error = null,
        }, StepPhase.Pending, StepPhase.Running),
        (RunPhase.Running, RunEvent.StepSkipped e) =>
            Log(
                Step(state, e, e.Step, s => s with { Phase = StepPhase.Skipped, Error = e.Reason }, StepPhase.Pending), e,
                $"Left out: {Name(state, e.Step)}. {e.Reason}"),
        (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling, RunEvent.StepDone e) =>
            Outcome(state, e, e.Step, StepPhase.Done, null),
        (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling, RunEvent.StepPartial e) =>
            Log(Outcome(state, e, e.Step, StepPhase.Partial, e.Error), e, $"Done in part: {Name(state, e.Step)}. {e.Error}"),
        (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling, RunEvent.StepFailed e) =>
            Log(Outcome(state, e, e.Step, StepPhase.Failed, e.Error), e, $"Failed: {Name(state, e.Step)}. {e.Error}"),

        (RunPhase.Running or RunPhase.Pausing or RunPhase.Undoing or RunPhase.Cancelling, RunEvent.FactNoted e) =>
            With(state, e.Step, s => s with { Facts = s.Facts.SetItem(e.Key, e.Value) }),
        (RunPhase.Running or RunPhase.Pausing or RunPhase.Undoing or RunPhase.Cancelling, RunEvent.VmMoved e) => Moved(state, e),
        (not RunPhase.Waiting, RunEvent.Logged e) => Log(state, e, e.Text),

        (RunPhase.Running or RunPhase.Pausing or RunPhase.Undoing, RunEvent.Asked e) => Log(
            Step(state, e, e.Step, s => state.IsBackward ? s : s with { Phase = StepPhase.Waiting }, StepPhase.Running, StepPhase.Undoing)
                with
            { Phase = RunPhase.Waiting, Question = new(e.Step, e.Key, e.Text, e.Answers, e.At) }, e, "Asked: " + e.Text),
        (RunPhase.Waiting, RunEvent.Answered e) => Answered(state, e),

        (RunPhase.Running or RunPhase.Undoing, RunEvent.PauseAsked e) =>
            Log(state with { Phase = RunPhase.Pausing, IsPauseWanted = true }, e, $"{e.By} paused the run."),
        (RunPhase.Pausing, RunEvent.Paused e) =>
            Log(state with { Phase = RunPhase.Paused }, e, "Paused: nothing more is begun until somebody has it go on."),

        (RunPhase.Running or RunPhase.Pausing, RunEvent.CancelAsked e) =>
            Log(
                Unpaused(state) with { Phase = RunPhase.Cancelling, IsCancelWanted = true, Operator = e.By }, e,
                $"{e.By} cancelled the run."),
        (RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused, RunEvent.CancelAsked e) =>
            Log(
                Unpaused(Unasked(state)) with { Phase = RunPhase.Cancelling, IsCancelWanted = true, Operator = e.By }, e,
                $"{e.By} cancelled the run."),
        (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling, RunEvent.UndoAsked e) =>
            Log(
                Unpaused(state) with { Phase = RunPhase.Cancelling, IsUndoWanted = true, Operator = e.By }, e,
                $"{e.By} had the run undone."),
        (RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused or RunPhase.Partial or RunPhase.Failed or RunPhase.Cancelled, RunEvent.UndoAsked e) =>
            Log(
                Unpaused(Unasked(state)) with { Phase = RunPhase.Cancelling, IsUndoWanted = true, Operator = e.By, EndedAt = null }, e,
                $"{e.By} had the run undone."),
        (RunPhase.Interrupted or RunPhase.Pausing or RunPhase.Paused, RunEvent.ResumeAsked e) =>
            Log(Unpaused(Resumed(state)) with { Operator = e.By }, e, $"{e.By} had the run go on."),

        (RunPhase.Running or RunPhase.Cancelling or RunPhase.Interrupted, RunEvent.TurnedBack e) => Log(
            state with
            {
                Phase = RunPhase.Undoing,
                IsBackward = true,
                EndAs = e.EndAs,
                Failure = e.EndAs == RunPhase.Undone ? null : e.Reason,
            },
            e, "Taken back: " + e.Reason),
        (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling or RunPhase.Undoing, RunEvent.Interrupted e) =>
            Log(state with { Phase = RunPhase.Interrupted, Failure = e.Reason }, e, "Interrupted: " + e.Reason),

        (RunPhase.Undoing or RunPhase.Pausing, RunEvent.UndoIntended e) => With(state, e.Step, s => s with { Phase = StepPhase.Undoing }),
        (RunPhase.Undoing or RunPhase.Pausing, RunEvent.UndoDone e) => Log(
            Step(state, e, e.Step, s => s with { Phase = StepPhase.Undone, Error = null, EndedAt = e.At }, StepPhase.Undoing), e,
            $"Taken back: {Name(state, e.Step)}."),
        (RunPhase.Undoing or RunPhase.Pausing, RunEvent.UndoFailed e) => Log(
            Step(state, e, e.Step, s => s with { Phase = StepPhase.UndoFailed, Error = e.Error, EndedAt = e.At }, StepPhase.Undoing), e,
            $"Could not be taken back: {Name(state, e.Step)}. {e.Error}"),
        (RunPhase.Undoing, RunEvent.UndoPassed e) =>
            Log(With(state, e.Step, s => s with { IsPassed = true }), e, $"Not taken back: {Name(state, e.Step)}; {e.Reason}."),

        (RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling or RunPhase.Undoing, RunEvent.Ended e) =>
            state with { Phase = e.Phase, EndedAt = e.At, Failure = e.Failure },
        _ => throw Illegal(state, happened),
    };

    private static RunState Outcome(RunState state, RunEvent e, int step, StepPhase phase, string? error) =>
        Step(state, e, step, s => s with { Phase = phase, EndedAt = e.At, Error = error }, StepPhase.Running);

    private static RunState Moved(RunState state, RunEvent.VmMoved e)
    {
        var index = 0;
        while (index < state.Vms.Length && state.Vms[index].Vm.Uuid != e.Vm)
        {
            index++;
        }

        if (index == state.Vms.Length)
        {
            throw Illegal(state, e);
        }

        var (vm, since) = (state.Vms[index], e.Since ?? e.At);
        var moved = vm with
        {
            Phase = e.Phase,
            TargetUuid = e.TargetUuid ?? vm.TargetUuid,
            Error = e.Phase is VmPhase.Failed or VmPhase.Unhealthy ? e.Error : e.Phase == VmPhase.Removed ? vm.Error : null,
            RecoveredAt = e.Phase == VmPhase.Recovered ? since : vm.RecoveredAt,
            StartedAt = e.Phase == VmPhase.Started ? since : vm.StartedAt,
            HealthyAt = e.Phase == VmPhase.Healthy ? since : vm.HealthyAt,
            UncheckedAt = e.Phase == VmPhase.Unchecked ? since : vm.UncheckedAt,
        };
        var next = state with { Vms = state.Vms.SetItem(index, moved) };
        return e.Error is null ? next : Log(next, e, $"{vm.Vm.Describe()}: {e.Error}");
    }

    private static RunState Answered(RunState state, RunEvent.Answered e)
    {
        var question = state.Question!;
        var next = With(state, question.Step, s => s with
        {
            Phase = s.Phase == StepPhase.Waiting ? StepPhase.Running : s.Phase,
            Facts = s.Facts.SetItem(PendingQuestion.FactOf(question.Key), e.Answer),
            Waited = s.Waited + (e.At - question.At),
        });
        var answers = state.Answers.Add(new(e.At, e.By, $"Asked: {question.Text} The answer: {e.Answer}."));
        return Log(
            next with
            {
                Answers = answers,
                Question = null,
                Phase = state.IsPauseWanted ? RunPhase.Pausing : Direction(state),
                Operator = e.By,
            },
            e,
            $"{e.By} answered: {e.Answer}");
    }

    private static RunState Unasked(RunState state) => state.Question is { } question
        ? With(state with { Question = null }, question.Step, s => s.Phase == StepPhase.Waiting ? s with { Phase = StepPhase.Running } : s)
        : state;

    private static RunState Unpaused(RunState state) => state with { IsPauseWanted = false };

    private static RunPhase Direction(RunState state) => state.IsBackward ? RunPhase.Undoing : RunPhase.Running;

    // What failed for good is tried again; what failed and was lived with is left.
    private static RunState Resumed(RunState state) => state with
    {
        Phase = Direction(state),
        Failure = null,
        Steps = [.. state.Steps.Select((s, i) => s.Phase switch
        {
            StepPhase.Failed when !RunDecision.IsLivedWith(state.Plan.Steps[i]) => s with { Phase = StepPhase.Pending },
            StepPhase.UndoFailed => s with { Phase = StepPhase.Undoing },
            _ => s,
        })],
    };

    private static RunState Step(
        RunState state, RunEvent e, int step, Func<StepState, StepState> change, params ReadOnlySpan<StepPhase> from) =>
        from.Contains(state.Steps[step].Phase) ? With(state, step, change) : throw Illegal(state, e);

    private static RunState With(RunState state, int step, Func<StepState, StepState> change) =>
        state with { Steps = state.Steps.SetItem(step, change(state.Steps[step])) };

    private static RunState Log(RunState state, RunEvent e, string text) => state with { Log = state.Log.Add(new(e.At, text)) };

    private static string Name(RunState state, int step) => $"step {step + 1}, {state.Plan.Steps[step].Key}";

    private static UnreachableException Illegal(RunState state, RunEvent happened) =>
        new($"Run {state.Uuid} is {state.Phase} and can't take {happened}.");
}
