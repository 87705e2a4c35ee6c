namespace Redoubt.Desk;

/// <summary>What a site had when it was looked at last.</summary>
/// <param name="Site">The site.</param>
/// <param name="Pool">What it had.</param>
/// <param name="SeenAt">When.</param>
/// <param name="IsSilent">Whether it has not answered since.</param>
public sealed record SiteSight(Site Site, PoolSight Pool, DateTimeOffset SeenAt, bool IsSilent);
