namespace Redoubt.Recovery;

/// <summary>A disk.</summary>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="SrUuid">Its SR; empty if the database does not know it.</param>
/// <param name="Location">Its name within the SR, by which a recovery finds it again.</param>
/// <param name="VirtualSizeBytes">The size that a guest sees.</param>
/// <param name="IsMissing">Whether the last scan did not find it, or could not read it.</param>
/// <param name="ScsiId">The device it is, for drivers that keep one disk on one device; else empty.</param>
public sealed record VdiFacts(
    string Uuid, string Name, string SrUuid, string Location, long VirtualSizeBytes, bool IsMissing, string ScsiId)
{
    /// <summary>Whether no VM can run on it where it lies, so that it is copied first: a VHD of XenServer in a Redoubt pool.</summary>
    public bool IsToBeCopied { get; init; }
}
