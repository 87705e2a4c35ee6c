namespace Redoubt.Recovery;

/// <summary>Where a fact comes from and when it was read; a fact's age is the time since then.</summary>
/// <param name="Source">The server, disk or device configuration, in words for an operator.</param>
/// <param name="ReadAt">When the answer had come.</param>
public sealed record Origin(string Source, DateTimeOffset ReadAt);
