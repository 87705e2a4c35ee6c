using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Runs a script of the operator's.</summary>
/// <param name="Hook">The script, and when.</param>
public sealed record RunHookStep(RunHook Hook) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"run-hook:{Moment}:{Hook.Script}";

    /// <inheritdoc/>
    public override string What => $"Run the script {Hook.Script}";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.None("nobody but its author knows what the script has changed");

    private string Moment => Hook.Moment switch
    {
        HookMoment.BeforeRun => "before-run",
        HookMoment.BeforeTier => $"before-tier-{Hook.Order}",
        HookMoment.AfterTier => $"after-tier-{Hook.Order}",
        HookMoment.AfterRun => "after-run",
    };
}
