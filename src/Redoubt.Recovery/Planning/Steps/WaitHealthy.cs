using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Waits until a tier is up, before the next is started.</summary>
/// <param name="Order">The tier.</param>
/// <param name="Vms">Its VMs.</param>
/// <param name="LeastWait">The longest start delay of its VMs: the least time to wait.</param>
/// <param name="Timeout">The longest time to wait.</param>
/// <param name="OnFailure">What a VM that is not healthy by then means for the next tiers.</param>
public sealed record WaitHealthy(
    long Order, ImmutableArray<PlanObject> Vms, TimeSpan LeastWait, TimeSpan Timeout, TierFailure OnFailure) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"wait-healthy:{Order}";

    /// <inheritdoc/>
    public override string What =>
        $"Wait for tier {Order}: {(LeastWait > TimeSpan.Zero ? $"at least {Moments.Write(LeastWait)}, " : "")}at most "
            + $"{Moments.Write(Timeout)}; {Otherwise}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => Vms;

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.None("nothing is changed");

    private string Otherwise => OnFailure switch
    {
        TierFailure.Continue => "then go on, whatever has failed",
        TierFailure.Stop => "stop if a VM has failed",
        TierFailure.Ask => "ask if a VM has failed",
    };
}
