namespace Redoubt.Compute;

/// <summary>A domain as a libvirt has it, running or not: what it is defined as, and what runs of it.</summary>
public sealed record DefinedDomain
{
    /// <summary>The domain's UUID.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>libvirt's name of it.</summary>
    public required string Name { get; init; }

    /// <summary>What it is started with next time.</summary>
    public required string Xml { get; init; }

    /// <summary>What runs; <see langword="null"/>: nothing does.</summary>
    public required string? RunningXml { get; init; }

    /// <summary>Whether it stays when its guest ends.</summary>
    public required bool IsPersistent { get; init; }

    /// <summary>Whether libvirt starts it with its host.</summary>
    public required bool StartsWithHost { get; init; }

    /// <summary>Whether libvirt has saved its memory, to go on from there at the next start.</summary>
    public required bool HasSavedMemory { get; init; }

    /// <summary>How many snapshots of it libvirt knows.</summary>
    public required int Snapshots { get; init; }
}
