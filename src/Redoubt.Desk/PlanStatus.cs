using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>A saved plan, and how its last test went.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="LastTest">The last test of it; null if there was none.</param>
public sealed record PlanStatus(SavedPlan Plan, RunSummary? LastTest);
