namespace Redoubt.Recovery;

/// <summary>A run in a line of a list.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="PlanName">The saved plan that it came from; null if from none.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="StartedBy">Who started it.</param>
/// <param name="StartedAt">When.</param>
/// <param name="EndedAt">When it ended; null as long as it has not.</param>
/// <param name="VmsHealthy">How many of its VMs came to where they were wanted.</param>
/// <param name="VmsTotal">How many VMs it has.</param>
/// <param name="PlanPool">The UUID of the pool whose metadata hold that saved plan; null if it came from none, or nobody wrote it down.</param>
public sealed record RunSummary(
    string Uuid, RecoveryKind Kind, string? PlanName, RunPhase Phase, string StartedBy, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, int VmsHealthy, int VmsTotal,
    string? PlanPool = null);
