namespace Redoubt.Inspection;

/// <summary>A VM.</summary>
public sealed record VmSummary
{
    /// <summary>Its UUID.</summary>
    public required string Uuid { get; init; }

    /// <summary>Its name.</summary>
    public required string NameLabel { get; init; }

    /// <summary><c>vm</c>, <c>template</c>, <c>snapshot</c> or <c>control-domain</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Its power state, as the database spells it.</summary>
    public required string PowerState { get; init; }

    /// <summary>The host it was last known to run on.</summary>
    public string? ResidentOn { get; init; }

    /// <summary>How many vCPUs it starts with.</summary>
    public required long Vcpus { get; init; }

    /// <summary>Its memory.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>How often it has been recovered; of two copies the one with the higher version is the newer.</summary>
    public required long Version { get; init; }

    /// <summary>The vApp that it is in; null for none.</summary>
    public string? ApplianceUuid { get; init; }

    /// <summary>Its tier; lower ones start first.</summary>
    public required long Order { get; init; }

    /// <summary>How long to wait after its start.</summary>
    public required long StartDelaySeconds { get; init; }

    /// <summary>How long to wait after its shutdown.</summary>
    public required long ShutdownDelaySeconds { get; init; }

    /// <summary>What high availability does with it; empty for nothing.</summary>
    public required string HaRestartPriority { get; init; }

    /// <summary>Its drives, by number.</summary>
    public required IReadOnlyList<DiskSummary> Disks { get; init; }

    /// <summary>Its network interfaces, by number.</summary>
    public required IReadOnlyList<InterfaceSummary> Interfaces { get; init; }

    /// <summary>The names of its snapshots, oldest first.</summary>
    public required IReadOnlyList<string> Snapshots { get; init; }
}
