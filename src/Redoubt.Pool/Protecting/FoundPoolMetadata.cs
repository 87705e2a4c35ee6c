namespace Redoubt.Pool;

/// <summary>A metadata volume on an SR that a probe found.</summary>
/// <param name="PoolUuid">Whose metadata it holds.</param>
/// <param name="PoolName">That pool's name.</param>
/// <param name="Generation">How many changes that pool's database had seen.</param>
/// <param name="WrittenAt">When that was written, if it is known.</param>
internal sealed record FoundPoolMetadata(string PoolUuid, string PoolName, long Generation, DateTimeOffset? WrittenAt);
