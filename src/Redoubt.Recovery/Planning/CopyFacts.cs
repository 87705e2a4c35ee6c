namespace Redoubt.Recovery;

/// <summary>One of the places where a VM was found.</summary>
/// <param name="VolumeUuid">The metadata volume; null for the target pool itself.</param>
/// <param name="PoolUuid">The pool whose database it is in.</param>
/// <param name="PoolName">That pool's name.</param>
/// <param name="Version">How often this copy has been recovered.</param>
/// <param name="Generation">The database's generation, if it is known.</param>
/// <param name="LastRecordedAt">The latest moment recorded of this copy, if there is one.</param>
/// <param name="WrittenAt">When the database on the volume was written last, if that is known.</param>
public sealed record CopyFacts(string? VolumeUuid, string PoolUuid, string PoolName, long Version, long? Generation, DateTimeOffset? LastRecordedAt,
    DateTimeOffset? WrittenAt = null)
{
    /// <summary>The place in words.</summary>
    public string Describe() => VolumeUuid is null ? "the target pool's own copy" : $"pool {PoolName}, volume {VolumeUuid}";
}
