namespace Redoubt.Database.Journal;

/// <summary>What one half of a journal yields.</summary>
/// <param name="Content">The database, or <see langword="null"/> when the half has no usable one.</param>
/// <param name="Damage">What is wrong, or <see langword="null"/> when nothing is.</param>
/// <param name="Lost">How many later records were seen.</param>
/// <param name="LastSeen">The highest generation among these.</param>
internal sealed record HalfReading(JournalContent? Content, JournalDamage? Damage, int Lost = 0, long? LastSeen = null);
