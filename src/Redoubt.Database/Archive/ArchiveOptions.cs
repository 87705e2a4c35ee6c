namespace Redoubt.Database.Archive;

/// <summary>What goes into an archive besides the VMs themselves.</summary>
/// <param name="Snapshots">Whether the VMs' snapshots go with them.</param>
/// <param name="VhdParents">Whether the disks that theirs were cloned from go with them, where a disk's <c>sm_config</c> names one.</param>
public sealed record ArchiveOptions(bool Snapshots = true, bool VhdParents = false);
