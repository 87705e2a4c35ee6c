namespace Redoubt.Inspection;

/// <summary>An SR.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="NameLabel">Its name.</param>
/// <param name="Type">The driver.</param>
/// <param name="Shared">Whether several hosts use it.</param>
/// <param name="Disks">How many disks are on it.</param>
/// <param name="HoldsMetadata">Whether this pool's metadata is written to it.</param>
/// <param name="Connections">How each host reaches it.</param>
public sealed record SrSummary(
    string Uuid, string NameLabel, string Type, bool Shared, int Disks, bool HoldsMetadata, IReadOnlyList<ConnectionSummary> Connections);
