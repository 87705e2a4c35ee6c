namespace Redoubt.Compute;

/// <summary>An existing domain, as it is now.</summary>
public sealed record DomainState
{
    /// <summary>The VM's UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The name for people, or libvirt's name where there is none.</summary>
    public required string Name { get; init; }

    /// <summary>What it is doing.</summary>
    public required DomainPowerState PowerState { get; init; }

    /// <summary>libvirt's number of this run of the domain; another after every start.</summary>
    public required long Id { get; init; }

    /// <summary>The memory that the balloon leaves the guest now, in bytes.</summary>
    public required long MemoryBytes { get; init; }
}
