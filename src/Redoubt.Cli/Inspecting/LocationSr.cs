namespace Redoubt.Cli.Inspecting;

/// <summary>One SR of a location.</summary>
/// <param name="Uuid">Its UUID, which is its directory's name.</param>
/// <param name="NameLabel">Its name, from the newest database found; null if none tells.</param>
/// <param name="MetadataVolumes">How many metadata volumes lie on it.</param>
/// <param name="Unreadable">Why it can't be looked at; null if it can.</param>
internal sealed record LocationSr(string Uuid, string? NameLabel, int MetadataVolumes, string? Unreadable);
