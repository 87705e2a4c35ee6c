using Redoubt.Recovery;

namespace Redoubt.Server.Console.Runs;

/// <summary>The words about runs and their reports.</summary>
internal static class RunsText
{
    public static string Title => "History";
    public static string Sub => "Every test and recovery, with its report. A test counts only when its clean-up has succeeded.";
    public static string None => "Nothing has been run yet";
    public static string NoneText => "Test a failover first: it boots copies beside what runs, and removes them again.";
    public static string Start => "Test a failover";
    public static string What => "What";
    public static string State => "State";
    public static string When => "Started";
    public static string Took => "Took";
    public static string Vms => "VMs well";
    public static string By => "By";
    public static string Compare => "Compare";
    public static string CompareTwo => "Choose two runs to compare.";
    public static string All => "All";
    public static string Filter => "Show";
    public static string Back => "History";
    public static string Gone => "There is no such run";
    public static string Elapsed => "Elapsed";
    public static string Forecast => "Forecast";
    public static string Steps => "Steps";
    public static string VmsTitle => "VMs";
    public static string EarlierLines(int lines) => lines == 1 ? "1 earlier line is in the report." : $"{lines} earlier lines are in the report.";
    public static string Log => "Log";
    public static string Report => "Report";
    public static string OpenReport => "Open the report";
    public static string Cancel => "Cancel";
    public static string Resume => "Resume";
    public static string Undo => "Undo";
    public static string Pause => "Pause";
    public static string CleanUp => "Clean up the test";
    public static string UndoTitle => "Undo the run?";
    public static string UndoText => "Its steps are taken back, the last first. VMs that it has started are shut down and removed here; their disks stay.";
    public static string CancelTitle => "Cancel the run?";
    public static string CancelText => "It ends what it has begun, and does nothing more.";
    public static string At(int number, int all, string what) => $"Step {number} of {all}: {what}";
    public static string FindVm => "Find VMs by name";
    public static string AnyState => "Any state";
    public static string StateFilter => "Show VMs that are";
    public static string NoVmFits => "No VM fits.";
    public static string BrokenOff => "Broken off";
    public static string NotBegun => "Not begun";
    public static string VmsOfStep(int count) => $"{count} VMs";
    public static string MoreOfStep(int count) => count == 1 ? "1 more is in the list of VMs below." : $"{count} more are in the list of VMs below.";
    public static string PausedNow => "Nothing is under way. It goes on where it is when somebody resumes it.";
    public static string TestIsUp(int well, int all) => all == 1
        ? $"The test is up: {well} of 1 VM is well. It stays as it is, also over restarts, until it is cleaned up."
        : $"The test is up: {well} of {all} VMs are well. It stays as it is, also over restarts, until it is cleaned up.";
    public static string ShowMore(int count) => $"Show {count} more";
    public static string NoneRuns => "None of these VMs runs any more, so there is nothing to see.";
    public static string Search => "Find by plan or person";
    public static string NoRunFits => "No run fits.";
    public static string TheRun => "The run";
    public static string Chosen(int count) => $"{count} of 2 chosen";
    public static string NoSuchRun(string run) => $"There is no run {run}.";
    public static string CompareNeedsTwo => "Choose two runs in the history.";
    public static string Difference => "Difference";
    public static string VmTimes => "VMs: well after";
    public static string Evidence => "Screens of the recovered VMs";
    public static string Show => "Show the screens";
    public static string Vm => "VM";
    public static string Recovered => "Recovered";
    public static string Started => "Started";
    public static string Well => "Well";
    public static string Markdown => "Markdown";
    public static string Json => "JSON";
    public static string Html => "HTML";
    public static string StartedBy(string who) => $"started by {who}";

    public static string Times(int n) => $"attempt {n}";

    public static string Answer(string answer) => answer switch
    {
        "done" => "Done, go on",
        "stop" => "Stop here",
        "continue" => "Go on all the same",
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
        RunPhase.Running => "Running",
        RunPhase.Waiting => "Waiting for you",
        RunPhase.Interrupted => "Interrupted",
        RunPhase.Pausing => "Pausing",
        RunPhase.Paused => "Paused",
        RunPhase.Cancelling => "Cancelling",
        RunPhase.Undoing => "Being undone",
        RunPhase.Succeeded => "Succeeded",
        RunPhase.Partial => "Partly succeeded",
        RunPhase.Failed => "Failed",
        RunPhase.Cancelled => "Cancelled",
        RunPhase.Undone => "Undone",
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
        StepPhase.Pending => "To come",
        StepPhase.Running => "Running",
        StepPhase.Waiting => "Waiting",
        StepPhase.Done => "Done",
        StepPhase.Partial => "Partly done",
        StepPhase.Failed => "Failed",
        StepPhase.Skipped => "Left out",
        StepPhase.Undoing => "Being undone",
        StepPhase.Undone => "Undone",
        StepPhase.UndoFailed => "Could not be undone",
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
    public static string Mark(VmPhase phase, bool isMoving) => Mark(phase) is var mark && mark == "busy" && !isMoving ? "idle" : Mark(phase);

    /// <summary>As of a run that is over or not: nothing is to come in one that is.</summary>
    public static string Phase(VmPhase phase, bool isOver) => isOver && phase == VmPhase.Waiting ? NotBegun : Phase(phase);

    public static string Phase(VmPhase phase) => phase switch
    {
        VmPhase.Waiting => "To come",
        VmPhase.Recovering => "Being recovered",
        VmPhase.Recovered => "Recovered",
        VmPhase.Starting => "Starting",
        VmPhase.Started => "Started",
        VmPhase.Healthy => "Well",
        VmPhase.Unhealthy => "Not well",
        VmPhase.Failed => "Failed",
        VmPhase.Removed => "Removed",
    };

    public static string Mark(VmPhase phase) => phase switch
    {
        VmPhase.Waiting or VmPhase.Removed => "idle",
        VmPhase.Recovering or VmPhase.Starting or VmPhase.Started => "busy",
        VmPhase.Recovered or VmPhase.Healthy => "ok",
        VmPhase.Unhealthy => "warn",
        VmPhase.Failed => "bad",
    };
}
