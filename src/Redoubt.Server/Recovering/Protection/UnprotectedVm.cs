using Redoubt.Recovery;

namespace Redoubt.Server.Recovering;

/// <summary>A VM that a disaster would take with it.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Exposure">What would keep it from coming back.</param>
/// <param name="Reason">The same in words.</param>
public sealed record UnprotectedVm(PlanObject Vm, Exposure Exposure, string Reason);
