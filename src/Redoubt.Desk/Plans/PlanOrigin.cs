namespace Redoubt.Desk;

/// <summary>Where a plan of another pool was found.</summary>
/// <param name="Volume">The UUID of the metadata volume.</param>
/// <param name="PoolUuid">The pool that wrote it.</param>
/// <param name="PoolName">That pool's name.</param>
public sealed record PlanOrigin(string Volume, string PoolUuid, string PoolName);
