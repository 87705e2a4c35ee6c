namespace Redoubt.Cli.Inspecting;

/// <summary>A VM.</summary>
internal sealed record VmSummary
{
    public required string Uuid { get; init; }

    public required string NameLabel { get; init; }

    /// <summary><c>vm</c>, <c>template</c>, <c>snapshot</c> or <c>control-domain</c>.</summary>
    public required string Kind { get; init; }

    public required string PowerState { get; init; }

    /// <summary>The host it was last known to run on.</summary>
    public string? ResidentOn { get; init; }

    public required long Vcpus { get; init; }

    public required long MemoryBytes { get; init; }

    /// <summary>How often it has been recovered; of two copies the one with the higher version is the newer.</summary>
    public required long Version { get; init; }

    public string? ApplianceUuid { get; init; }

    public required long Order { get; init; }

    public required long StartDelaySeconds { get; init; }

    public required long ShutdownDelaySeconds { get; init; }

    public required string HaRestartPriority { get; init; }

    public required IReadOnlyList<DiskSummary> Disks { get; init; }

    public required IReadOnlyList<InterfaceSummary> Interfaces { get; init; }

    /// <summary>The names of its snapshots, oldest first.</summary>
    public required IReadOnlyList<string> Snapshots { get; init; }
}
