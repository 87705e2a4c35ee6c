namespace Redoubt.Recovery;

/// <summary>A run in a line of a list.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="PlanName">The saved plan that it came from; null if from none.</param>
/// <param name="Phase">Where it stands.</param>
/// <param name="StartedBy">Who started it.</param>
/// <param name="StartedAt">When.</param>
/// <param name="EndedAt">When it ended; null as long as it has not.</param>
/// <param name="VmsHealthy">How many of its VMs came to where they were wanted, <c>VmsUnchecked</c> of them without being looked
/// at.</param>
/// <param name="VmsTotal">How many VMs it has.</param>
/// <param name="PlanPool">The UUID of the pool whose metadata hold that saved plan; null if it came from none, or nobody wrote it
/// down.</param>
public sealed record RunSummary(
    string Uuid, RecoveryKind Kind, string? PlanName, RunPhase Phase, string StartedBy, DateTimeOffset StartedAt, DateTimeOffset? EndedAt,
    int VmsHealthy, int VmsTotal,
    string? PlanPool = null)
{
    /// <summary>How many of its VMs were started and had no check but their start delay.</summary>
    public int VmsUnchecked { get; init; }

    /// <summary>What its VMs were to do in the end.</summary>
    public PowerStateAfter PowerState { get; init; }

    /// <summary>From the decision until the last of its VMs was where it was wanted; null if not all came there.</summary>
    public TimeSpan? Rto { get; init; }

    /// <summary>
    /// How old the oldest state was that it took, at the moment of the decision; null if that is not known of all its VMs.
    /// </summary>
    public TimeSpan? Rpo { get; init; }

    /// <summary>How its VMs came out.</summary>
    public VmTally Tally() => new(PowerState, VmsHealthy - VmsUnchecked, VmsUnchecked, VmsTotal);
}
