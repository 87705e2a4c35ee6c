using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>A plan as an operator is shown it, and what to hand in to have just this one carried out.</summary>
/// <param name="Request">What was asked for, with what was left open filled in (which site is the source), and without secrets.</param>
/// <param name="Plan">The plan.</param>
/// <param name="Digest">Tells whether a plan that is made later does the same.</param>
/// <param name="Forecast">How long it should take; null from a daemon that does not say so before.</param>
public sealed record PlannedRecovery(RecoveryRequest Request, RecoveryPlan Plan, string Digest, PlanForecast? Forecast);
