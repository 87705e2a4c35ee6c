namespace Redoubt.Inspection;

/// <summary>One database: where it lies, how much of it can be trusted, and what is in it.</summary>
public sealed record DatabaseReport
{
    /// <summary>What was read.</summary>
    public required string Path { get; init; }

    /// <summary><c>volume</c>, <c>dump</c> or <c>unknown</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The SR that it was found on, in a location.</summary>
    public string? SrUuid { get; init; }

    /// <summary>The disk that it is, in a location.</summary>
    public string? VdiUuid { get; init; }

    /// <summary>How much of it can be had.</summary>
    public required InspectVerdict Verdict { get; init; }

    /// <summary>The verdict in words.</summary>
    public required string Explanation { get; init; }

    /// <summary>The generation of the state that was read; null if there is none.</summary>
    public long? Generation { get; init; }

    /// <summary>Records that come after what could be used.</summary>
    public int LostRecords { get; init; }

    /// <summary>The highest generation among these.</summary>
    public long? LastSeenGeneration { get; init; }

    /// <summary>Changes at the end that were begun and never acknowledged; nothing promised is missing with them.</summary>
    public int UnfinishedRecords { get; init; }

    /// <summary>What is wrong with it.</summary>
    public IReadOnlyList<DamageReport> Damage { get; init; } = [];

    /// <summary><c>Redoubt</c> or <c>xapi</c>, of a volume.</summary>
    public string? WrittenBy { get; init; }

    /// <summary>Whether it can be believed, of a volume; null of a dump, and of the pool's own volumes.</summary>
    public StandingReport? Standing { get; init; }

    /// <summary>The version of its data model: <c>5.775</c>.</summary>
    public string? Schema { get; init; }

    /// <summary>The earlier states that a volume keeps, the newest first.</summary>
    public IReadOnlyList<EarlierState> EarlierStates { get; init; } = [];

    /// <summary>When the state that was read was written, by its writer's clock; null where the volume does not prove it.</summary>
    public DateTimeOffset? StateWritten { get; init; }

    /// <summary>When the file was last written, of a regular file.</summary>
    public DateTimeOffset? FileWritten { get; init; }

    /// <summary>The latest time that is recorded in the database. It was changed then or later.</summary>
    public DateTimeOffset? NewestTime { get; init; }

    /// <summary>What whoever uses it should know.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>What is in it; null if nothing can be used.</summary>
    public PoolContent? Content { get; init; }
}
