namespace Redoubt.Recovery;

/// <summary>How much at once, and how long.</summary>
public sealed record RecoveryLimits
{
    /// <summary>VMs of one tier that are started at the same time.</summary>
    public int ParallelStarts { get; init; } = 8;

    /// <summary>How long a VM may take to be healthy.</summary>
    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a hook may take.</summary>
    public TimeSpan HookTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The age from which metadata are called stale.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromHours(24);
}
