using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>VMs that are started together.</summary>
/// <param name="Order">Their order: lower ones start first.</param>
/// <param name="Vms">The VMs, members of vApps and loose ones alike.</param>
/// <param name="LeastWait">The longest of their start delays.</param>
public sealed record PlanTier(long Order, ImmutableArray<PlanObject> Vms, TimeSpan LeastWait);
