using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What an inventory is to cover. Neither SRs nor probes means every attached SR.</summary>
public sealed record InventoryRequest
{
    /// <summary>The SRs to look at, which must be attached.</summary>
    public ImmutableArray<string> SrUuids { get; init; } = [];

    /// <summary>Storage to probe.</summary>
    public ImmutableArray<StorageProbe> Probes { get; init; } = [];

    /// <summary>Other pools to ask.</summary>
    public ImmutableArray<OtherPool> OtherPools { get; init; } = [];

    /// <summary>
    /// The moment at which metadata volumes are read, as <c>VDI.open_database_at</c> takes it; null for their newest state.
    /// </summary>
    public string? At { get; init; }
}
