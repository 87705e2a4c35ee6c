namespace Redoubt.Recovery;

/// <summary>A pool besides the target that the operator named.</summary>
/// <param name="Origin">Where this was read.</param>
/// <param name="Name">What the operator called it.</param>
/// <param name="State">What is known of it.</param>
/// <param name="Reason">Why it could not be read; null if it could, or was not asked.</param>
/// <param name="Database">What it says; null if it was not read.</param>
/// <param name="PoolUuid">Which pool it is, where that is known though it was not read.</param>
public sealed record OtherPoolFacts(
    Origin Origin, string Name, OtherPoolState State, string? Reason, DatabaseFacts? Database, string? PoolUuid = null)
{
    /// <summary>Whether it is the pool with this UUID: by what it says, or by what was known of it before.</summary>
    internal bool Is(string poolUuid) => (Database?.Pool.Uuid ?? PoolUuid) == poolUuid;
}
