namespace Redoubt.Recovery;

/// <summary>One difference between two plans.</summary>
/// <param name="Kind">What happened to it.</param>
/// <param name="Part">Which part of the plan: finding, VM, tier, step, plan.</param>
/// <param name="Subject">Which one.</param>
/// <param name="Text">What changed.</param>
public sealed record PlanChange(ChangeKind Kind, string Part, string Subject, string Text);
