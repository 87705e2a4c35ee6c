using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Redoubt.Recovery;

/// <summary>
/// Something that happened in a run. The set is closed, and the events of a run in their order are all that is kept of it
/// (docs/formats/runs.md). What is intended is written before it is done, what came of it afterwards.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(Started), "started")]
[JsonDerivedType(typeof(StepIntended), "step-intended")]
[JsonDerivedType(typeof(FactNoted), "fact-noted")]
[JsonDerivedType(typeof(VmMoved), "vm-moved")]
[JsonDerivedType(typeof(StepDone), "step-done")]
[JsonDerivedType(typeof(StepPartial), "step-partial")]
[JsonDerivedType(typeof(StepFailed), "step-failed")]
[JsonDerivedType(typeof(StepSkipped), "step-skipped")]
[JsonDerivedType(typeof(Asked), "asked")]
[JsonDerivedType(typeof(Answered), "answered")]
[JsonDerivedType(typeof(Logged), "logged")]
[JsonDerivedType(typeof(CancelAsked), "cancel-asked")]
[JsonDerivedType(typeof(PauseAsked), "pause-asked")]
[JsonDerivedType(typeof(UndoAsked), "undo-asked")]
[JsonDerivedType(typeof(ResumeAsked), "resume-asked")]
[JsonDerivedType(typeof(TurnedBack), "turned-back")]
[JsonDerivedType(typeof(Interrupted), "interrupted")]
[JsonDerivedType(typeof(Paused), "paused")]
[JsonDerivedType(typeof(UndoIntended), "undo-intended")]
[JsonDerivedType(typeof(UndoDone), "undo-done")]
[JsonDerivedType(typeof(UndoFailed), "undo-failed")]
[JsonDerivedType(typeof(UndoPassed), "undo-passed")]
[JsonDerivedType(typeof(Ended), "ended")]
internal abstract record RunEvent
{
    private RunEvent()
    {
    }

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>An operator decided on a plan.</summary>
    public sealed record Started(
        string Uuid, RecoveryRequest Request, RecoveryPlan Plan, string By, ImmutableArray<TimeSpan?> Forecasts) : RunEvent;

    /// <summary>A step is about to be done, perhaps once more.</summary>
    public sealed record StepIntended(int Step) : RunEvent;

    /// <summary>Something that the step must find again: what was there before, or what it made.</summary>
    public sealed record FactNoted(int Step, string Key, string Value) : RunEvent;

    /// <summary>
    /// A VM came to another phase; <paramref name="Since"/> is the moment where that is known better than the event's own.
    /// </summary>
    public sealed record VmMoved(
        string Vm, VmPhase Phase, string? TargetUuid = null, DateTimeOffset? Since = null, string? Error = null) : RunEvent;

    /// <summary>A step is done.</summary>
    public sealed record StepDone(int Step) : RunEvent;

    /// <summary>A step is done for some of its VMs.</summary>
    public sealed record StepPartial(int Step, string Error) : RunEvent;

    /// <summary>A step could not be done.</summary>
    public sealed record StepFailed(int Step, string Error) : RunEvent;

    /// <summary>A step was left out.</summary>
    public sealed record StepSkipped(int Step, string Reason) : RunEvent;

    /// <summary>A step, or taking it back, needs a person to say something.</summary>
    public sealed record Asked(int Step, string Key, string Text, ImmutableArray<string> Answers) : RunEvent;

    /// <summary>A person said it.</summary>
    public sealed record Answered(string Answer, string By) : RunEvent;

    /// <summary>Something worth knowing.</summary>
    public sealed record Logged(string Text) : RunEvent;

    /// <summary>An operator wants the run to stop.</summary>
    public sealed record CancelAsked(string By) : RunEvent;

    /// <summary>An operator wants nothing new begun until further notice.</summary>
    public sealed record PauseAsked(string By) : RunEvent;

    /// <summary>An operator wants the run taken back.</summary>
    public sealed record UndoAsked(string By) : RunEvent;

    /// <summary>An operator wants an interrupted or paused run to go on, in the direction in which it went.</summary>
    public sealed record ResumeAsked(string By) : RunEvent;

    /// <summary>From here on steps are taken back; then the run ends as told.</summary>
    public sealed record TurnedBack(RunPhase EndAs, string Reason) : RunEvent;

    /// <summary>The run stopped half way.</summary>
    public sealed record Interrupted(string Reason) : RunEvent;

    /// <summary>What was under way has ended, and nothing more is begun.</summary>
    public sealed record Paused : RunEvent;

    /// <summary>A step is about to be taken back, perhaps once more.</summary>
    public sealed record UndoIntended(int Step) : RunEvent;

    /// <summary>A step was taken back.</summary>
    public sealed record UndoDone(int Step) : RunEvent;

    /// <summary>A step could not be taken back.</summary>
    public sealed record UndoFailed(int Step, string Error) : RunEvent;

    /// <summary>There is nothing to take back, or no way to.</summary>
    public sealed record UndoPassed(int Step, string Reason) : RunEvent;

    /// <summary>Nothing more will be done.</summary>
    public sealed record Ended(RunPhase Phase, string? Failure) : RunEvent;
}
