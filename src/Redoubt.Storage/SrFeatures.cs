using System.Collections.Immutable;

namespace Redoubt.Storage;

/// <summary>What a driver can do beyond looking, attaching and detaching SRs, which each of them can. What it can't is refused.</summary>
public sealed record SrFeatures
{
    /// <summary>An SR can hold the pool's metadata.</summary>
    public bool HoldsMetadata { get; init; }

    /// <summary>Its disks can be given to guests.</summary>
    public bool AttachesVdis { get; init; }

    /// <summary>Disks can be made, grown, copied and removed, and their content replaced.</summary>
    public bool ChangesVdis { get; init; }

    /// <summary>
    /// The type of the SR that a writable clone for a test is, made without copying what is on this one; null: there can be none.
    /// </summary>
    public string? TestCloneType { get; init; }

    /// <summary>
    /// Whether such a clone lies where the SR itself does, apart from it by <c>test=true</c> in its device config; else it is a directory.
    /// </summary>
    public bool ClonesInPlace { get; init; }

    /// <summary>The same in xapi's words, as <c>SM.capabilities</c> has them; only what some message asks for.</summary>
    public ImmutableArray<string> Words =>
    [
        "SR_PROBE", "SR_UPDATE", "VDI_UPDATE",
        .. HoldsMetadata ? ["SR_METADATA"] : Array.Empty<string>(),
        .. ChangesVdis ? ["VDI_CREATE", "VDI_DELETE", "VDI_RESIZE", "VDI_CLONE", "VDI_SNAPSHOT", "VDI_CONFIG_CBT"] : Array.Empty<string>(),
        .. AttachesVdis ? ["VDI_ATTACH", "VDI_DETACH"] : Array.Empty<string>(),
    ];
}
