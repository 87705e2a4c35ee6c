using Redoubt.Recovery;

namespace Redoubt.Console.Runs;

/// <summary>The words about runs and their reports.</summary>
internal static class RunsText
{
    private static readonly Words Words = new(typeof(RunsText));

    public static string Title => Words["Title"];
    public static string Sub => Words["Sub"];
    public static string None => Words["None"];
    public static string NoneText => Words["NoneText"];
    public static string Start => Words["Start"];
    public static string What => Words["What"];
    public static string State => Words["State"];
    public static string When => Words["When"];
    public static string Took => Words["Took"];
    public static string Vms => Words["Vms"];
    public static string By => Words["By"];
    public static string Compare => Words["Compare"];
    public static string CompareTwo => Words["CompareTwo"];
    public static string All => Words["All"];
    public static string Filter => Words["Filter"];
    public static string Back => Words["Back"];
    public static string Gone => Words["Gone"];
    public static string Elapsed => Words["Elapsed"];
    public static string Forecast => Words["Forecast"];
    public static string Steps => Words["Steps"];
    public static string StepsAndLog => Words["StepsAndLog"];
    public static string OverTime => Words["OverTime"];
    public static string AsForecast => Words["AsForecast"];
    public static string AsDone => Words["AsDone"];
    public static string NowLine => Words["NowLine"];
    public static string DataAge => Words["DataAge"];
    public static string WaitsForPeople => Words["WaitsForPeople"];
    public static string NoForecast => Words["NoForecast"];
    public static string LongerThanForecast => Words["LongerThanForecast"];
    public static string StillToDo(string time) => Words.Of("StillToDo", time);
    public static string EndsIn(string time) => Words.Of("EndsIn", time);
    public static string About(string time) => Words.Of("About", time);
    public static string TookOf(string took, string forecast) => Words.Of("TookOf", took, forecast);
    public static string VmsTitle => Words["VmsTitle"];
    public static string EarlierLines(int lines) => lines == 1 ? Words["EarlierLines_One"] : Words.Of("EarlierLines_Many", lines);
    public static string Log => Words["Log"];
    public static string Report => Words["Report"];
    public static string OpenReport => Words["OpenReport"];
    public static string Cancel => Words["Cancel"];
    public static string Resume => Words["Resume"];
    public static string Undo => Words["Undo"];
    public static string Pause => Words["Pause"];
    public static string CleanUp => Words["CleanUp"];
    public static string UndoTitle => Words["UndoTitle"];
    public static string UndoText => Words["UndoText"];
    public static string CancelTitle => Words["CancelTitle"];
    public static string CancelText => Words["CancelText"];
    public static string At(int number, int all, string what) => Words.Of("At", number, all, what);
    public static string FindVm => Words["FindVm"];
    public static string AnyState => Words["AnyState"];
    public static string StateFilter => Words["StateFilter"];
    public static string NoVmFits => Words["NoVmFits"];
    public static string BrokenOff => Words["BrokenOff"];
    public static string NotBegun => Words["NotBegun"];
    public static string VmsOfStep(int count) => Words.Of("VmsOfStep", count);
    public static string MoreOfStep(int count) => count == 1 ? Words["MoreOfStep_One"] : Words.Of("MoreOfStep_Many", count);
    public static string PausedNow => Words["PausedNow"];
    public static string TestIsUp(VmTally tally) => (tally.Total == 1
        ? Words.Of("TestIsUp_One", tally.Well)
        : Words.Of("TestIsUp_Many", tally.Well, tally.Total)) + (tally.Unchecked == 0 ? "" : " " + NotChecked(tally.Unchecked));

    /// <summary>How many VMs came out as was wanted; those that were only started apart.</summary>
    public static string Tally(VmTally tally) => tally.Unchecked == 0
        ? Words.Of("Tally", tally.Well, tally.Total)
        : Words.Of("Tally", tally.Well, tally.Total) + ", " + Words.Of("TallyUnchecked", tally.Unchecked);

    public static string NotChecked(int count) => count == 1 ? Words["NotChecked_One"] : Words.Of("NotChecked_Many", count);
    public static string ShowMore(int count) => Words.Of("ShowMore", count);
    public static string NoneRuns => Words["NoneRuns"];
    public static string Search => Words["Search"];
    public static string NoRunFits => Words["NoRunFits"];
    public static string TheRun => Words["TheRun"];
    public static string Chosen(int count) => Words.Of("Chosen", count);
    public static string NoSuchRun(string run) => Words.Of("NoSuchRun", run);
    public static string CompareNeedsTwo => Words["CompareNeedsTwo"];
    public static string Difference => Words["Difference"];
    public static string VmTimes => Words["VmTimes"];
    public static string Evidence => Words["Evidence"];
    public static string Show => Words["Show"];
    public static string Vm => Words["Vm"];
    public static string Recovered => Words["Recovered"];
    public static string Started => Words["Started"];
    public static string Well => Words["Well"];
    public static string Markdown => Words["Markdown"];
    public static string Json => Words["Json"];
    public static string Html => Words["Html"];
    public static string StartedBy(string who) => Words.Of("StartedBy", who);

    public static string Times(int n) => Words.Of("Times", n);

    public static string Answer(string answer) => answer switch
    {
        "done" => Words["Answer_Done"],
        "stop" => Words["Answer_Stop"],
        "continue" => Words["Answer_Continue"],
        _ => answer,
    };

    public static string Name(RunOrder order) => order switch
    {
        RunOrder.Pause => Pause,
        RunOrder.Resume => Resume,
        RunOrder.CleanUp => CleanUp,
        RunOrder.Cancel => Cancel,
        RunOrder.Undo => Undo,
    };

    public static string Phase(RunPhase phase) => phase switch
    {
        RunPhase.Running => Words["Phase_Running"],
        RunPhase.Waiting => Words["Phase_Waiting"],
        RunPhase.Interrupted => Words["Phase_Interrupted"],
        RunPhase.Pausing => Words["Phase_Pausing"],
        RunPhase.Paused => Words["Phase_Paused"],
        RunPhase.Cancelling => Words["Phase_Cancelling"],
        RunPhase.Undoing => Words["Phase_Undoing"],
        RunPhase.Succeeded => Words["Phase_Succeeded"],
        RunPhase.Partial => Words["Phase_Partial"],
        RunPhase.Failed => Words["Phase_Failed"],
        RunPhase.Cancelled => Words["Phase_Cancelled"],
        RunPhase.Undone => Words["Phase_Undone"],
    };

    public static string Mark(RunPhase phase) => phase switch
    {
        RunPhase.Running or RunPhase.Pausing or RunPhase.Cancelling or RunPhase.Undoing => "busy",
        RunPhase.Waiting or RunPhase.Interrupted or RunPhase.Paused or RunPhase.Partial => "warn",
        RunPhase.Succeeded => "ok",
        RunPhase.Failed => "bad",
        RunPhase.Cancelled or RunPhase.Undone => "idle",
    };

    public static string Phase(StepPhase phase) => phase switch
    {
        StepPhase.Pending => Words["Phase_Pending"],
        StepPhase.Running => Words["Phase_RunningX"],
        StepPhase.Waiting => Words["Phase_WaitingX"],
        StepPhase.Done => Words["Phase_Done"],
        StepPhase.Partial => Words["Phase_PartialX"],
        StepPhase.Failed => Words["Phase_FailedX"],
        StepPhase.Skipped => Words["Phase_Skipped"],
        StepPhase.Undoing => Words["Phase_UndoingX"],
        StepPhase.Undone => Words["Phase_UndoneX"],
        StepPhase.UndoFailed => Words["Phase_UndoFailed"],
    };

    public static string Mark(StepPhase phase) => phase switch
    {
        StepPhase.Pending or StepPhase.Skipped or StepPhase.Undone => "idle",
        StepPhase.Running or StepPhase.Undoing => "busy",
        StepPhase.Waiting or StepPhase.Partial => "warn",
        StepPhase.Done => "ok",
        StepPhase.Failed or StepPhase.UndoFailed => "bad",
    };

    /// <summary>As of a run in which something is done or not: what is under way turns only where it is.</summary>
    public static string Mark(VmPhase phase, bool isMoving) =>
        Mark(phase) is var mark && mark == "busy" && !isMoving ? "idle" : Mark(phase);

    /// <summary>As of a run that is over or not: nothing is to come in one that is.</summary>
    public static string Phase(VmPhase phase, bool isOver) => isOver && phase == VmPhase.Waiting ? NotBegun : Phase(phase);

    public static string Phase(VmPhase phase) => phase switch
    {
        VmPhase.Waiting => Words["Phase_WaitingXX"],
        VmPhase.Recovering => Words["Phase_Recovering"],
        VmPhase.Recovered => Words["Phase_Recovered"],
        VmPhase.Starting => Words["Phase_Starting"],
        VmPhase.Started => Words["Phase_Started"],
        VmPhase.Healthy => Words["Phase_Healthy"],
        VmPhase.Unchecked => Words["Phase_Unchecked"],
        VmPhase.Unhealthy => Words["Phase_Unhealthy"],
        VmPhase.Failed => Words["Phase_FailedXX"],
        VmPhase.Removed => Words["Phase_Removed"],
    };

    public static string Mark(VmPhase phase) => phase switch
    {
        VmPhase.Waiting or VmPhase.Removed or VmPhase.Unchecked => "idle",
        VmPhase.Recovering or VmPhase.Starting or VmPhase.Started => "busy",
        VmPhase.Recovered or VmPhase.Healthy => "ok",
        VmPhase.Unhealthy => "warn",
        VmPhase.Failed => "bad",
    };

    public static string Kind(RecoveryKind kind) => kind switch
    {
        RecoveryKind.Test => Words["Kind_Test"],
        RecoveryKind.Migration => Words["Kind_Migration"],
        RecoveryKind.Failover => Words["Kind_Failover"],
        RecoveryKind.Failback => Words["Kind_Failback"],
    };
}
