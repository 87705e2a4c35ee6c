namespace Redoubt.Recovery;

/// <summary>A metadata volume on chosen storage, and what it says.</summary>
public sealed record VolumeFacts
{
    /// <summary>The volume's VDI.</summary>
    public required string VdiUuid { get; init; }

    /// <summary>The SR it is on.</summary>
    public required string SrUuid { get; init; }

    /// <summary>Where this was read.</summary>
    public required Origin Origin { get; init; }

    /// <summary>Whether the target pool itself writes it; then it says nothing that the target does not, and is not opened.</summary>
    public bool IsTargetsOwn { get; init; }

    /// <summary>Whether the server found it to be its pool's newest (<c>VDI.metadata_latest</c>).</summary>
    public bool IsLatest { get; init; }

    /// <summary>The database's generation; null where the server does not tell, as xapi doesn't.</summary>
    public long? Generation { get; init; }

    /// <summary>When the state that was read was written; null where the server does not tell.</summary>
    public DateTimeOffset? WrittenAt { get; init; }

    /// <summary>
    /// What is wrong with it, though it could be read: then <see cref="Database"/> is the newest state that can be had, and later changes
    /// are lost. Null if nothing is wrong, or the server does not tell.
    /// </summary>
    public string? Damage { get; init; }

    /// <summary>How many later records were seen that can't be read; more may be gone without a trace.</summary>
    public int LostRecords { get; init; }

    /// <summary>
    /// Why the server does not believe that it is the pool's: nothing proves it, so a guest may have written it. Null if it does, if the
    /// operator has accepted it there, or if the server can't tell, as xapi can't.
    /// </summary>
    public string? Unproven { get; init; }

    /// <summary>What it says; null if it could not be read.</summary>
    public DatabaseFacts? Database { get; init; }

    /// <summary>Why it could not be read; null if it could.</summary>
    public string? Unreadable { get; init; }
}
