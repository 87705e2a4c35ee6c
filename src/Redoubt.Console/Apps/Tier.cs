using System.Collections.Immutable;
using Redoubt.Desk;

namespace Redoubt.Console.Apps;

/// <summary>VMs that start together.</summary>
/// <param name="Order">Their order.</param>
/// <param name="Vms">The VMs, by name.</param>
/// <param name="Begins">When they start, after the first tier, by the delays alone.</param>
/// <param name="Wait">The longest of their delays.</param>
public sealed record Tier(long Order, ImmutableArray<VmView> Vms, TimeSpan Begins, TimeSpan Wait);
