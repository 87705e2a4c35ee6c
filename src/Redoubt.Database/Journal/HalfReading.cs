using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>What one half of a journal yields.</summary>
/// <param name="Content">The database, or <see langword="null"/> when the half has no usable one.</param>
/// <param name="Damage">What is wrong, or <see langword="null"/> when nothing is.</param>
/// <param name="Lost">How many later records were seen.</param>
/// <param name="LastSeen">The highest generation among these, or of a flush that is known of and missing.</param>
internal sealed record HalfReading(JournalContent? Content, JournalDamage? Damage, int Lost = 0, long? LastSeen = null)
{
    /// <summary>What our area says was written to the half.</summary>
    public ProofList Proofs { get; init; } = ProofList.None;

    /// <summary>Whether our area proves the database and is about what lies there now.</summary>
    public bool IsProven => Content?.Proof.Standing is ProofStanding.Whole or ProofStanding.Partial;
}
