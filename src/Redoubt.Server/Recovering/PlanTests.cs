using Redoubt.Recovery;

namespace Redoubt.Server.Recovering;

/// <summary>Which runs count as tests of a saved plan.</summary>
internal static class PlanTests
{
    /// <summary>A test that is older says little: hosts, networks and VMs have changed since.</summary>
    public static readonly TimeSpan AtLeastEvery = TimeSpan.FromDays(90);

    /// <summary>Whether a run is a test of the plan as it is now: one from before it was last saved has tested something else.</summary>
    public static bool IsOf(RunSummary run, SavedPlan plan) => run.Kind == RecoveryKind.Test && run.PlanName == plan.Name && run.StartedAt >= plan.SavedAt;
}
