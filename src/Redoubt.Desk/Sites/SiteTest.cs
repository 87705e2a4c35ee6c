namespace Redoubt.Desk;

/// <summary>Whether a site answers.</summary>
/// <param name="Site">The site.</param>
/// <param name="IsReachable">Whether somebody could log in there; null if nobody has tried.</param>
/// <param name="Failure">Why not; null if they could.</param>
/// <param name="Version">The product and version there; null if it was not told.</param>
public sealed record SiteTest(Site Site, bool? IsReachable, string? Failure, string? Version = null);
