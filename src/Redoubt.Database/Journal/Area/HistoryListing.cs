namespace Redoubt.Database.Journal.Area;

/// <summary>The history of a volume.</summary>
/// <param name="Pool">Whose volume it is; <see langword="null"/> where there is no area that can be read.</param>
/// <param name="Entries">The earlier states, the oldest first. Another pool may have left some: each says whose it is.</param>
/// <param name="Log">What the first and the second half of the log reach from and to, as they were written; <see langword="null"/> where
/// that is not known.</param>
/// <param name="Problems">What is wrong with the area; empty when nothing is.</param>
public sealed record HistoryListing(
    PoolIdentity? Pool, IReadOnlyList<HistoryEntry> Entries, IReadOnlyList<LogReach?> Log, IReadOnlyList<string> Problems);
