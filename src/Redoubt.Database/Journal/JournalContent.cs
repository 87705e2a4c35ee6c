using Redoubt.Database.Dump;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>A database read from a journal, and where it came from.</summary>
public sealed record JournalContent
{
    /// <summary>The database, deltas applied; its manifest carries <see cref="Generation"/>.</summary>
    public required DatabaseDump Database { get; init; }

    /// <summary>The half it was read from; for a state of the history, the half that the volume says counts.</summary>
    public required JournalHalf Half { get; init; }

    /// <summary>The marker of the records.</summary>
    public required string Marker { get; init; }

    /// <summary>Whether Redoubt wrote it, so that deltas are grouped into transactions.</summary>
    public required bool WrittenByRedoubt { get; init; }

    /// <summary>
    /// Whether the database is too large for a half and lies in our area, compressed. Such a volume only Redoubt can read; xapi finds it
    /// empty.
    /// </summary>
    public bool IsLarge { get; init; }

    /// <summary>Generation of the full record at the start of the half.</summary>
    public required long DatabaseGeneration { get; init; }

    /// <summary>Generation of the whole.</summary>
    public long Generation => Database.Manifest.Generation;

    /// <summary>How many transactions were applied; where xapi wrote, each delta is one.</summary>
    public required int Transactions { get; init; }

    /// <summary>How many deltas these had.</summary>
    public required int Deltas { get; init; }

    /// <summary>
    /// Deltas at the end that belong to a transaction whose last one was never written. Its writer died before it could acknowledge
    /// anything, so nothing that anyone was promised is missing.
    /// </summary>
    public required int DiscardedUnfinished { get; init; }

    /// <summary>
    /// Deltas passed over because their generation is not after the one before, as xapi's reader does; none where Redoubt wrote.
    /// </summary>
    public required int SkippedOld { get; init; }

    /// <summary>Where in the volume the last record that was applied ends.</summary>
    public required long EndOffset { get; init; }

    /// <summary>
    /// Generation of a whole database record in the half that does not count, or <see langword="null"/>. May be the higher one: a
    /// writer that dies just before the validity byte leaves that.
    /// </summary>
    public long? OtherHalfGeneration { get; init; }

    /// <summary>What our area proves about it; nothing where the volume has none.</summary>
    public JournalProof Proof { get; init; } = JournalProof.None;

    /// <summary>
    /// The state of the history that it was taken from, or <see langword="null"/>. Its generation is lower than
    /// <see cref="Generation"/> where later records of the log could be added.
    /// </summary>
    public HistoryEntry? History { get; init; }

    /// <summary>
    /// When it was written, or <see langword="null"/> where that is not known. Later records that no proof covers may be younger.
    /// </summary>
    public DateTimeOffset? WrittenAt => Proof.WrittenAt ?? History?.WrittenAt;
}
