using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Storage that the operator chose: an SR by its UUID, or a device configuration that was probed.</summary>
public sealed record StorageFacts
{
    /// <summary>Where this was read.</summary>
    public required Origin Origin { get; init; }

    /// <summary>The SR, if it was chosen by its UUID; else empty.</summary>
    public string SrUuid { get; init; } = "";

    /// <summary>The kind of storage that was probed; else empty.</summary>
    public string Type { get; init; } = "";

    /// <summary>The device configuration that was probed, its secrets masked.</summary>
    public ImmutableSortedDictionary<string, string> DeviceConfig { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What the probe found.</summary>
    public ImmutableArray<ProbedSrFacts> Found { get; init; } = [];

    /// <summary>Why a replica could not be looked at anew, so that what is known of it is from the last time; null if it was.</summary>
    public string? NotScanned { get; init; }

    /// <summary>
    /// Why it is not known what is on a replica now: the storage failed, or was silent; null if it answered, or was not asked.
    /// </summary>
    public string? NotAnswering { get; init; }

    /// <summary>Why nothing can be read there; null if it can.</summary>
    public string? Unreadable { get; init; }
}
