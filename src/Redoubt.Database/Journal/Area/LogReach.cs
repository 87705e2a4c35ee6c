namespace Redoubt.Database.Journal.Area;

/// <summary>
/// The stretch of a database's life that a half of the log was written over. Whether it is still as it was, reading it tells.
/// </summary>
/// <param name="FromGeneration">Generation of the whole database at its start.</param>
/// <param name="From">When that was written.</param>
/// <param name="ToGeneration">Generation of its last flush.</param>
/// <param name="To">When that was written.</param>
public sealed record LogReach(long FromGeneration, DateTimeOffset From, long ToGeneration, DateTimeOffset To);
