namespace Redoubt.Recovery;

/// <summary>A vApp. Its members say themselves that they are in it.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
public sealed record ApplianceFacts(string Uuid, string Name);
