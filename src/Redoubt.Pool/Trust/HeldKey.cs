namespace Redoubt.Pool;

/// <summary>A key to secrets that a pool has.</summary>
/// <param name="Id">What it is called.</param>
/// <param name="Key">Its bytes.</param>
/// <param name="Pool">The UUID of the pool that it was drawn by; empty while that has none.</param>
/// <param name="PoolName">The name that the pool had then.</param>
/// <param name="Since">Since when it is here.</param>
internal sealed record HeldKey(string Id, byte[] Key, string Pool, string PoolName, DateTimeOffset Since);
