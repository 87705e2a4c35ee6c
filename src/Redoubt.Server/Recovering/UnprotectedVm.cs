using Redoubt.Recovery;

namespace Redoubt.Server.Recovering;

/// <summary>A VM that a disaster would take with it.</summary>
/// <param name="Vm">The VM.</param>
/// <param name="Reason">Why.</param>
public sealed record UnprotectedVm(PlanObject Vm, string Reason);
