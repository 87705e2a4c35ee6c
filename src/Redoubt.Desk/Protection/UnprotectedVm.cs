using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>A VM that a disaster would take with it.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Reason">What would keep it from coming back, in words.</param>
public sealed record UnprotectedVm(PlanObject Vm, string Reason)
{
    /// <summary>The same as a value.</summary>
    public Exposure Exposure { get; init; }
}
