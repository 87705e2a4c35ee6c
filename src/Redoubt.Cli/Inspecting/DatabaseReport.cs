namespace Redoubt.Cli.Inspecting;

/// <summary>One database: where it lies, how much of it can be trusted, and what is in it.</summary>
internal sealed record DatabaseReport
{
    public required string Path { get; init; }

    /// <summary><c>volume</c>, <c>dump</c> or <c>unknown</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The SR that it was found on, in a location.</summary>
    public string? SrUuid { get; init; }

    /// <summary>The disk that it is, in a location.</summary>
    public string? VdiUuid { get; init; }

    public required InspectVerdict Verdict { get; init; }

    /// <summary>The verdict in words.</summary>
    public required string Explanation { get; init; }

    public long? Generation { get; init; }

    /// <summary>Records that come after what could be used.</summary>
    public int LostRecords { get; init; }

    /// <summary>The highest generation among these.</summary>
    public long? LastSeenGeneration { get; init; }

    /// <summary>Changes at the end that were begun and never acknowledged; nothing promised is missing with them.</summary>
    public int UnfinishedRecords { get; init; }

    public IReadOnlyList<DamageReport> Damage { get; init; } = [];

    /// <summary><c>Redoubt</c> or <c>xapi</c>, of a volume.</summary>
    public string? WrittenBy { get; init; }

    public string? Schema { get; init; }

    /// <summary>When the file was last written, of a regular file.</summary>
    public DateTimeOffset? FileWritten { get; init; }

    /// <summary>The latest time that is recorded in the database. It was changed then or later.</summary>
    public DateTimeOffset? NewestTime { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];

    public PoolContent? Content { get; init; }
}
