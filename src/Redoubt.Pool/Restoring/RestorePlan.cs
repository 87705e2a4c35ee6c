using Redoubt.Database;

namespace Redoubt.Pool.Restoring;

/// <summary>
/// What restoring a backup would do, in sentences that can be shown before anything is done, and the database it would lead to.
/// </summary>
public sealed record RestorePlan
{
    /// <summary>What will be: the pool, its hosts, VMs, storage and networks.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>What whoever restores should know beforehand.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The backup's generation. The restored database's will be higher than this and than that of the one it replaces.</summary>
    public required long BackupGeneration { get; init; }

    internal DatabaseState Target { get; init; } = DatabaseState.Empty;

    /// <summary>The plan as text, a line for each sentence.</summary>
    public override string ToString() => string.Join('\n', Steps.Concat(Warnings.Select(w => "WARNING: " + w)).Append(""));
}
