namespace Redoubt.Desk;

/// <summary>A metadata volume of another pool that is attached here.</summary>
/// <param name="Volume">Its UUID.</param>
/// <param name="SrUuid">The SR that it is on.</param>
/// <param name="SrName">That SR's name.</param>
/// <param name="PoolName">The pool that wrote it; null if it is not known.</param>
/// <param name="WrittenAt">When it was written last, if that is known.</param>
/// <param name="Verdict">What can be read of it, if that is known.</param>
public sealed record FoundMetadata(
    string Volume, string SrUuid, string SrName, string? PoolName, DateTimeOffset? WrittenAt, string? Verdict);
