using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>What to recover and how, kept under a name in a pool's metadata, with which it travels to the other site.</summary>
public sealed record SavedPlan
{
    /// <summary>Its name, unique in its pool.</summary>
    public required string Name { get; init; }

    /// <summary>What is asked for.</summary>
    public required RecoveryRequest Request { get; init; }

    /// <summary>Who saved it.</summary>
    public required string SavedBy { get; init; }

    /// <summary>When it was saved.</summary>
    public required DateTimeOffset SavedAt { get; init; }

    /// <summary>The metadata volume of another pool that it was found on; null for this pool's own.</summary>
    public PlanOrigin? Origin { get; init; }
}
