namespace Redoubt.Inspection;

/// <summary>A network.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="NameLabel">Its name.</param>
/// <param name="Bridge">Its bridge.</param>
/// <param name="Interfaces">How many VM interfaces are on it.</param>
public sealed record NetworkSummary(string Uuid, string NameLabel, string Bridge, int Interfaces);
