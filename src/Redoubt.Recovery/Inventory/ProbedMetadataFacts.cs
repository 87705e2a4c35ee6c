namespace Redoubt.Recovery;

/// <summary>Pool metadata that a probe read on an SR that is not attached from there.</summary>
/// <param name="PoolUuid">Whose they are.</param>
/// <param name="PoolName">That pool's name.</param>
/// <param name="Generation">The database's generation.</param>
/// <param name="WrittenAt">When that state was written, if it is known.</param>
public sealed record ProbedMetadataFacts(string PoolUuid, string PoolName, long Generation, DateTimeOffset? WrittenAt);
