using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>How an archive of VMs' metadata is imported.</summary>
public sealed record VmImport
{
    /// <summary>
    /// Whether the VMs are to be the same ones again, with their UUIDs and addresses, and <c>version</c> one higher; else they become new
    /// ones.
    /// </summary>
    public bool Restore { get; init; }

    /// <summary>Whether a copy here gives way that is not older, and a disk that is not there is left out.</summary>
    public bool Force { get; init; }

    /// <summary>Whether only to say what would happen.</summary>
    public bool DryRun { get; init; }

    /// <summary>
    /// Whether storage that was attached for disaster recovery becomes this pool's own when a VM on it is imported; else that is refused.
    /// </summary>
    public bool MayAdoptStorage { get; init; }

    /// <summary>Which disk of this pool, by UUID, takes the place of which of theirs, by UUID or SCSI id.</summary>
    public ImmutableSortedDictionary<string, string> Disks { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}
