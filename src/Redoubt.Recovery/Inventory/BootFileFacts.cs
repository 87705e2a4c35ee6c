namespace Redoubt.Recovery;

/// <summary>A file of its host that a VM boots from.</summary>
/// <param name="Field">The VM's field that names it.</param>
/// <param name="Path">Where it lies.</param>
public sealed record BootFileFacts(string Field, string Path);
