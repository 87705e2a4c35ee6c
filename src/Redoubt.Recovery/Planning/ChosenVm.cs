namespace Redoubt.Recovery;

/// <summary>A VM that is to be recovered, and the copy it is recovered from.</summary>
/// <param name="Copy">The copy; never the target's own.</param>
/// <param name="Appliance">Its vApp in that copy, or null.</param>
/// <param name="Order">Its tier, overrides applied.</param>
internal sealed record ChosenVm(VmCopy Copy, ApplianceFacts? Appliance, long Order)
{
    public VmFacts Vm => Copy.Vm;

    public VolumeFacts Volume => Copy.Volume!;

    public PlanObject Object => PlanObject.Of(Vm);
}
