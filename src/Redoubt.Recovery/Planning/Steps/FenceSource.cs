using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Makes sure that the VMs don't run at their source. It comes before anything is started.</summary>
/// <param name="Pool">The source.</param>
/// <param name="Mode">How.</param>
/// <param name="Vms">The VMs, in the order in which they are shut down.</param>
public sealed record FenceSource(PlanObject Pool, FenceMode Mode, ImmutableArray<PlanObject> Vms) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"fence-source:{Pool.Uuid}";

    /// <inheritdoc/>
    public override string What => Mode switch
    {
        FenceMode.Statement => $"Take pool {Pool.Name} for dead, as the operator stated",
        FenceMode.Check => $"Ask pool {Pool.Name} again whether {Names(Vms)} are off there",
        FenceMode.ShutDown => $"Shut down in pool {Pool.Name}, in this order: {Names(Vms)}",
    };

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Pool, .. Vms];

    /// <inheritdoc/>
    public override StepUndo Undo => Mode == FenceMode.ShutDown
        ? StepUndo.By("Start the VMs at the source again, in the opposite order")
        : StepUndo.None("nothing is changed");
}
