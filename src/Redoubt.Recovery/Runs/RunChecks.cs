using System.Globalization;

namespace Redoubt.Recovery;

/// <summary>What may be asked of a run, and what it then means. Pure; a refusal says what is in the way and what to do.</summary>
internal static class RunChecks
{
    /// <exception cref="RunRefusedException">The plan can't be run, or another run has some of its VMs.</exception>
    public static void RequireStartable(RecoveryRequest request, RecoveryPlan plan, IEnumerable<RunState> others)
    {
        if (plan.IsBlocked)
        {
            throw new RunRefusedException("The plan is blocked: "
                + string.Join(
                    " ",
                    plan.Findings.Where(f => f.Severity == Severity.Block).Select(f => $"{f.Object.Describe()} [{f.Code}]: {f.Sentence}")));
        }

        if (plan.Steps.IsEmpty)
        {
            throw new RunRefusedException("The plan has no steps: there is nothing to recover.");
        }

        if (plan.Kind != request.Policy.Kind)
        {
            throw new RunRefusedException(
                $"The plan is for a {Word(plan.Kind)}, and a {Word(request.Policy.Kind)} was asked for. Plan again.");
        }

        var vms = RunTransitions.VmsOf(plan).Select(v => v.Uuid).ToHashSet();
        var rivals = others.Where(o => o.Request.Target == request.Target && o.Vms.Any(v => vms.Contains(v.Vm.Uuid))).ToList();
        if (rivals.Find(o => o is { IsTest: false, EndedAt: { } ended } && ended >= plan.InventoryTakenAt) is { } late)
        {
            throw new RunRefusedException(
                $"Run {late.Uuid} ({Word(late.Plan.Kind)}, {late.Phase.ToString().ToLowerInvariant()}) has changed some of these VMs since "
                    + $"the facts of this plan were gathered. {late.StartedBy} started it {Moments.Write(late.StartedAt)}. Plan again.");
        }

        if (rivals.Find(o => !o.Phase.IsFinal()) is { } other)
        {
            var shared = other.Vms.Where(v => vms.Contains(v.Vm.Uuid)).Select(v => v.Vm.Name).ToList();
            throw new RunRefusedException(string.Create(CultureInfo.InvariantCulture,
                $"Run {other.Uuid} ({Word(other.Plan.Kind)}, {other.Phase.ToString().ToLowerInvariant()}) has "
                    + $"{(shared.Count <= 3 ? string.Join(", ", shared) : $"{shared.Count} of these VMs")}. {other.StartedBy} started it "
                    + $"{Moments.Write(other.StartedAt)}. Wait for it, or cancel, resume or undo it first."));
        }
    }

    // An order to stop that was given before it was interrupted still stands: going on is carrying that out.
    public static RunEvent Resume(RunState state, string by) => state.Phase is RunPhase.Interrupted or RunPhase.Pausing or RunPhase.Paused
        ? state is { IsBackward: false, IsUndoWanted: true } ? new RunEvent.UndoAsked(by)
            : state is { IsBackward: false, IsCancelWanted: true } ? new RunEvent.CancelAsked(by)
            : new RunEvent.ResumeAsked(by)
        : throw Refuse(state, "resumed", "Only a run that was interrupted or paused goes on.");

    /// <param name="state">The run.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="later">The runs that were started after it.</param>
    /// <exception cref="RunRefusedException">It can't be undone now, or a later run has some of its VMs.</exception>
    public static RunEvent Undo(RunState state, string by, IEnumerable<RunState> later)
    {
        var mine = state.Vms.Select(v => v.Vm.Uuid).ToHashSet();
        if (!state.IsTest && later.FirstOrDefault(r => !r.IsTest && !(r.IsBackward && r.Phase.IsFinal()) && r.Request.Target == state.Request.Target && r.Vms.Any(v => mine.Contains(v.Vm.Uuid))) is { } other)
        {
            var shared = other.Vms.Where(v => mine.Contains(v.Vm.Uuid)).Select(v => v.Vm.Name).ToList();
            throw Refuse(
                state,
                "undone",
                $"Run {other.Uuid} ({Word(other.Plan.Kind)}, {other.Phase.ToString().ToLowerInvariant()}) came after it and has "
                    + $"{string.Join(", ", shared)}, and undoing this one would destroy what that one made. Undo that "
                    + "one first, or fail back.");
        }

        return Undo(state, by);
    }

    private static RunEvent Undo(RunState state, string by) => state.Phase switch
    {
        RunPhase.Succeeded =>
            throw Refuse(
                state, "undone", state.IsTest ? "A test leaves nothing behind." : "Its VMs run; plan a failback to bring them home."),
        RunPhase.Undoing or RunPhase.Undone => throw Refuse(state, "undone", "It is taken back already."),
        RunPhase.Failed or RunPhase.Cancelled when state.IsBackward => throw Refuse(state, "undone", "It was taken back already."),
        RunPhase.Interrupted or RunPhase.Pausing or RunPhase.Paused when state.IsBackward => new RunEvent.ResumeAsked(by),
        RunPhase.Running or RunPhase.Pausing or RunPhase.Paused or RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Cancelling or RunPhase.Partial or RunPhase.Failed or RunPhase.Cancelled => new RunEvent.UndoAsked(by),
    };

    public static RunEvent Pause(RunState state, string by) => state.Phase switch
    {
        RunPhase.Running or RunPhase.Undoing => new RunEvent.PauseAsked(by),
        RunPhase.Pausing or RunPhase.Paused => throw Refuse(state, "paused", "It is already; dr-run-resume has it go on."),
        RunPhase.Waiting => throw Refuse(state, "paused", "It begins nothing before somebody answers it."),
        RunPhase.Interrupted => throw Refuse(state, "paused", "It stands still; dr-run-resume has it go on."),
        RunPhase.Cancelling => throw Refuse(state, "paused", "It is about to stop."),
        RunPhase.Succeeded or RunPhase.Partial or RunPhase.Failed or RunPhase.Cancelled or RunPhase.Undone =>
            throw Refuse(state, "paused", "It is over."),
    };

    public static RunEvent Cancel(RunState state, string by) =>
        state.Phase is RunPhase.Running or RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused
        || state is { Phase: RunPhase.Pausing, IsBackward: false }
        ? new RunEvent.CancelAsked(by)
        : throw Refuse(state, "cancelled", "There is nothing to stop.");

    public static RunEvent Answer(RunState state, string answer, string by) =>
        state.Question is not { } question ? throw Refuse(state, "answered", "It asks nothing.")
        : question.Answers.Contains(answer) ? new RunEvent.Answered(answer, by)
        : throw new RunRefusedException($"\"{answer}\" is no answer to: {question.Text} It takes: {string.Join(", ", question.Answers)}.");

    public static RunEvent CleanUp(RunState state, string by) =>
        !state.IsTest ? throw Refuse(state, "cleaned up", "It is no test.")
        : state.Question is { Key: TestActs.CleanUpKey } ? new RunEvent.Answered(TestActs.CleanUpAnswer, by)
        : state.Phase == RunPhase.Interrupted ? Undo(state, by)
        : throw Refuse(
            state, "cleaned up",
            state.Phase.IsFinal() ? "It was cleaned up already." : "It is under way; cancel it to have it cleaned up now.");

    /// <summary>What a run that a dead daemon left behind becomes.</summary>
    public static IEnumerable<RunEvent> AfterDeath(RunState state)
    {
        // Whoever paused a run wants to decide how it goes on, of a test too.
        if (state.Phase.IsFinal() || state.Phase is RunPhase.Waiting or RunPhase.Paused)
        {
            yield break;
        }

        if (state.Phase == RunPhase.Pausing)
        {
            yield return new RunEvent.Logged("The daemon ended while something was under way, which is repeated when the run goes on.");
            yield return new RunEvent.Paused();
            yield break;
        }

        if (state.Phase != RunPhase.Interrupted)
        {
            yield return new RunEvent.Interrupted("the daemon ended while it was under way");
        }

        if (!state.IsTest)
        {
            yield break;
        }

        var cleanUps = Enumerable.Range(0, state.Steps.Length).Where(i => state.Plan.Steps[i] is CleanUp).ToList();
        var isStopped = state.IsCancelWanted || state.IsUndoWanted;
        var isOrdered = state.IsBackward || isStopped
            || cleanUps.Any(i => state.Steps[i].Facts.ContainsKey(PendingQuestion.FactOf(TestActs.CleanUpKey)));
        if (state.Request.KeepTest && !isOrdered)
        {
            yield break;
        }

        // Nobody waits for a test, and what it left must go. One that was at its clean-up has been measured, and counts; but one that was
        // to be kept and was then stopped would only ask there whether it shall be cleaned up.
        var isCleaning = cleanUps.Any(i => state.Steps[i].Attempt > 0) && !(state.Request.KeepTest && isStopped);
        yield return state.IsBackward || isCleaning
            ? new RunEvent.ResumeAsked("redoubt")
            : new RunEvent.TurnedBack(
                state.IsUndoWanted ? RunPhase.Undone : state.IsCancelWanted ? RunPhase.Cancelled : RunPhase.Failed,
                "the daemon ended while the test was under way");
    }

    private static RunRefusedException Refuse(RunState state, string what, string why) =>
        new($"Run {state.Uuid} is {state.Phase.ToString().ToLowerInvariant()} and can't be {what}. {why}");

    private static string Word(RecoveryKind kind) => kind.ToString().ToLowerInvariant();
}
