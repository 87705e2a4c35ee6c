namespace Redoubt.Database.Journal;

/// <summary>One thing that is wrong in a journal.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Offset">Where in the volume.</param>
/// <param name="Explanation">What was found, in words an operator understands.</param>
public sealed record JournalDamage(JournalDamageKind Kind, long Offset, string Explanation);
