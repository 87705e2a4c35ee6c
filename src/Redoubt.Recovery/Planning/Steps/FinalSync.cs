using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Has the source write its last state of the metadata to the storage.</summary>
/// <param name="Pool">The source.</param>
public sealed record FinalSync(PlanObject Pool) : RecoveryStep
{
    /// <inheritdoc/>
    public override string Key => $"final-sync:{Pool.Uuid}";

    /// <inheritdoc/>
    public override string What => $"Have pool {Pool.Name} write its metadata one last time";

    /// <inheritdoc/>
    public override ImmutableArray<PlanObject> Objects => [Pool];

    /// <inheritdoc/>
    public override StepUndo Undo => StepUndo.None("it only writes what is true");
}
