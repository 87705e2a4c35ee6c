namespace Redoubt.Database;

/// <summary>A state that the history may keep.</summary>
/// <param name="Generation">Its generation.</param>
/// <param name="At">When it was the database.</param>
internal sealed record HistoryPoint(long Generation, DateTimeOffset At);
