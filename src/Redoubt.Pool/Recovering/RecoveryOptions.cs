using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>How VMs of another database are recreated here.</summary>
internal sealed record RecoveryOptions
{
    /// <summary>Whether a copy here gives way that is not older, and a disk that is not there is left out.</summary>
    public bool Force { get; init; }

    /// <summary>Whether the VMs become new ones, with UUIDs and addresses of their own, beside those that are here.</summary>
    public bool AsCopies { get; init; }

    /// <summary>
    /// Whether storage that was attached for disaster recovery becomes this pool's own when a VM on it is recovered; else that is refused.
    /// </summary>
    public bool MayAdoptStorage { get; init; } = true;

    /// <summary>
    /// Whether a VM that was handed over stays so whatever its metadata say. A version in a file that somebody brings along is theirs to
    /// write.
    /// </summary>
    public bool KeepsHandOver { get; init; }

    /// <summary>
    /// Whether nothing proves that the database is a pool's, though the operator wants it to be believed: then its VMs get no file of this
    /// host but those that are there for guests.
    /// </summary>
    public bool IsUnproven { get; init; }

    /// <summary>
    /// Which disk of this pool, by UUID, takes the place of which of theirs, by UUID or by <c>sm_config:SCSIid</c>. A disk that is not
    /// named is found by SR and location.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Disks { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Networks here by those there, as UUIDs: then none is made. Null: what is not found is made, as xapi does.</summary>
    public ImmutableSortedDictionary<string, string>? Networks { get; init; }

    /// <summary>Whether a VM that was suspended becomes a halted one, for its memory does not come along.</summary>
    public bool IsWithoutMemory { get; init; }

    /// <summary>What is to happen in the same transaction when all is made; null: nothing more.</summary>
    public Action<Transaction>? Finish { get; init; }

    /// <summary>The UUID of the disk that is to take this one's place; null if none is named.</summary>
    public string? DiskFor(VdiRecord theirs) =>
        Disks.TryGetValue(theirs.Uuid, out var byUuid) ? byUuid
        : theirs.SmConfig.TryGetValue("SCSIid", out var scsi) && Disks.TryGetValue(scsi, out var byScsi) ? byScsi : null;
}
