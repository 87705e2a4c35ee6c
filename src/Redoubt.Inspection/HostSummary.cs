namespace Redoubt.Inspection;

/// <summary>A host.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="NameLabel">Its name.</param>
/// <param name="Address">Its address.</param>
/// <param name="Software">Product and version.</param>
public sealed record HostSummary(string Uuid, string NameLabel, string Address, string Software);
