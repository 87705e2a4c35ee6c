using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>Which runs count as tests of a saved plan.</summary>
public static class PlanTests
{
    /// <summary>A test that is older says little: hosts, networks and VMs have changed since.</summary>
    public static readonly TimeSpan AtLeastEvery = TimeSpan.FromDays(90);

    /// <summary>Whether a test is young enough to say something. One that is to come has an age that nobody knows.</summary>
    public static bool IsFresh(RunSummary test, DateTimeOffset now) =>
        now - test.StartedAt <= AtLeastEvery && !Clocks.IsAhead(test.StartedAt, now);

    /// <summary>
    /// Whether a run came from the plan, as it is now or as it was before. One that does not say from which pool's plan may have come from
    /// another.
    /// </summary>
    public static bool IsRunOf(RunSummary run, SavedPlan plan) =>
        run.PlanName == plan.Name && run.PlanPool is { } pool && pool == plan.Request.PlanPool;

    /// <summary>Whether a run is a test of the plan as it is now: one from before it was last saved has tested something else.</summary>
    public static bool IsOf(RunSummary run, SavedPlan plan) =>
        run.Kind == RecoveryKind.Test && IsRunOf(run, plan) && run.StartedAt >= plan.SavedAt;

    /// <summary>The last test of the plan as it is now that has ended, of runs with the newest first; null: there is none.</summary>
    public static RunSummary? LastOf(IEnumerable<RunSummary> runs, SavedPlan plan) =>
        runs.FirstOrDefault(r => r.Phase.IsFinal() && IsOf(r, plan));
}
