namespace Redoubt.Recovery;

/// <summary>How far a run has brought a VM.</summary>
/// <param name="Vm">The VM as the plan has it.</param>
/// <param name="TargetUuid">Its UUID in the target pool, which for a test is another one; null as long as there is none.</param>
/// <param name="Phase">How far.</param>
/// <param name="RecoveredAt">When it had been recreated.</param>
/// <param name="StartedAt">When it ran.</param>
/// <param name="HealthyAt">When it was found to be healthy.</param>
/// <param name="Error">What went wrong; null if nothing did.</param>
public sealed record VmProgress(
    PlanObject Vm, string? TargetUuid, VmPhase Phase, DateTimeOffset? RecoveredAt, DateTimeOffset? StartedAt, DateTimeOffset? HealthyAt,
    string? Error)
{
    /// <summary>When it had run for its start delay, if that is all that was to be waited for; null else.</summary>
    public DateTimeOffset? UncheckedAt { get; init; }
}
