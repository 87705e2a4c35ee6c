namespace Redoubt.Database.Journal;

/// <summary>What a reader says about a volume. A closed set: whoever switches on it has every case there is.</summary>
public abstract record JournalVerdict
{
    private JournalVerdict()
    {
    }

    /// <summary>A redo log that says of itself that it holds no database.</summary>
    /// <param name="LeftBehind">
    /// The highest generation of a whole database that still lies in a half, or <see langword="null"/>. Emptying a log changes one
    /// byte, and so does an accident.
    /// </param>
    public sealed record Empty(long? LeftBehind) : JournalVerdict;

    /// <summary>The magic is missing.</summary>
    /// <param name="Found">What is there instead, in words.</param>
    public sealed record NotARedoLog(string Found) : JournalVerdict;

    /// <summary>Everything that can be proven is in order: what that is, <see cref="JournalContent.Proof"/> says.</summary>
    /// <param name="Content">The database and where it came from.</param>
    public sealed record Intact(JournalContent Content) : JournalVerdict;

    /// <summary>A database, but not all that was once written.</summary>
    /// <param name="Content">The newest state that can be had.</param>
    /// <param name="Damage">Everything that was found wrong, the decisive thing first; never empty.</param>
    /// <param name="LostRecords">How many records were seen that come after the content. More may be gone without a trace.</param>
    /// <param name="LastSeenGeneration">The highest generation among these, or <see langword="null"/> when none were seen.</param>
    /// <param name="FromOtherHalf">Whether the half that counts has no usable database, so that this is the older one of the other or one
    /// of the history.</param>
    public sealed record CutAt(
        JournalContent Content, IReadOnlyList<JournalDamage> Damage, int LostRecords, long? LastSeenGeneration, bool FromOtherHalf)
        : JournalVerdict
    {
        /// <summary>
        /// When the newest flush that is known of was written, or <see langword="null"/>; its generation is
        /// <see cref="LastSeenGeneration"/> at least.
        /// </summary>
        public DateTimeOffset? LastSeenAt { get; init; }
    }

    /// <summary>A redo log with no usable database in either half.</summary>
    /// <param name="Damage">Everything that was found wrong; never empty.</param>
    public sealed record Unusable(IReadOnlyList<JournalDamage> Damage) : JournalVerdict;
}
