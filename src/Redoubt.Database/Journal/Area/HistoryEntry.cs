using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>An earlier database that the history keeps.</summary>
public sealed record HistoryEntry
{
    /// <summary>Number of the entry on its volume; never given twice.</summary>
    public required long Id { get; init; }

    /// <summary>Generation of the database.</summary>
    public required long Generation { get; init; }

    /// <summary>When the database was as it is here, by the clock of its writer.</summary>
    public required DateTimeOffset WrittenAt { get; init; }

    /// <summary>Whose database it is.</summary>
    public required PoolIdentity Pool { get; init; }

    /// <summary>How many VMs it has; templates, snapshots and control domains do not count.</summary>
    public required int Vms { get; init; }

    /// <summary>How many vApps it has.</summary>
    public required int VApps { get; init; }

    /// <summary>Bytes of the dump.</summary>
    public required long DumpBytes { get; init; }

    /// <summary>Bytes that it takes on the volume, without the rest of its last block.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Checksum of the stored bytes.</summary>
    internal UInt128 Checksum { get; init; }

    /// <summary>Where the stored bytes lie, in order.</summary>
    internal ImmutableArray<HistoryExtent> Extents { get; init; } = [];
}
