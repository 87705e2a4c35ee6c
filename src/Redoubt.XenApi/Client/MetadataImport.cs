namespace Redoubt.XenApi;

/// <summary>How an archive of VMs' metadata is to be imported.</summary>
public sealed record MetadataImport
{
    /// <summary>Whether the VMs are to be the same ones again, with their UUIDs and addresses; else they become new ones.</summary>
    public bool Restore { get; init; }

    /// <summary>Whether a copy there gives way that is not older, and a disk that is not there is left out.</summary>
    public bool Force { get; init; }

    /// <summary>Whether only to ask.</summary>
    public bool DryRun { get; init; }

    /// <summary>Which disk there, by UUID, takes the place of which of the archive's, by UUID or SCSI id.</summary>
    public IReadOnlyDictionary<string, string> Disks { get; init; } = new Dictionary<string, string>();
}
