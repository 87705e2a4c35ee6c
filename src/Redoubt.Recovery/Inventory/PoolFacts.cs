namespace Redoubt.Recovery;

/// <summary>What a pool says of itself.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsHaEnabled">Whether high availability is on.</param>
/// <param name="IsDrRestricted">Whether its licence forbids disaster recovery.</param>
/// <param name="Brand">The product its hosts run, for example <c>XenServer</c>.</param>
/// <param name="Version">The product's version.</param>
public sealed record PoolFacts(string Uuid, string Name, bool IsHaEnabled, bool IsDrRestricted, string Brand, string Version)
{
    /// <summary>The fingerprint of the key with which it signs its metadata volumes, as it says itself; null if it signs none.</summary>
    public string? MetadataKey { get; init; }

    /// <summary>The SR for new disks; empty if none is set.</summary>
    public string DefaultSrUuid { get; init; } = "";

    /// <summary>Whether this is a Redoubt pool, which keeps rules that a genuine xapi can't.</summary>
    public bool IsRedoubt() => Brand == "Redoubt";
}
