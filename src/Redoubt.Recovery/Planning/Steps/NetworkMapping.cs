namespace Redoubt.Recovery;

/// <summary>A network of the source, and what stands for it.</summary>
/// <param name="From">The network of the source.</param>
/// <param name="To">The network of the target; null for an isolated one that is made for a test.</param>
public sealed record NetworkMapping(PlanObject From, PlanObject? To);
