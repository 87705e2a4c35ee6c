using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>An SR, and what it does for a recovery.</summary>
/// <param name="Ref">Its reference.</param>
/// <param name="Uuid">Its UUID.</param>
/// <param name="Name">Its name.</param>
/// <param name="Description">Its description.</param>
/// <param name="Type">The kind of storage.</param>
public sealed record SrView(Ref<SrRecord> Ref, string Uuid, string Name, string Description, string Type)
{
    /// <summary>Whether hosts other than the one it lies on can reach it.</summary>
    public bool IsShared { get; init; }

    /// <summary>Whether it is attached.</summary>
    public bool IsAttached { get; init; }

    /// <summary>Whether its kind can hold pool metadata.</summary>
    public bool IsAble { get; init; }

    /// <summary>Whether it is attached read-only, for looking and recovering.</summary>
    public bool IsForRecovery { get; init; }

    /// <summary>The UUID of this pool's metadata volume on it; null if there is none.</summary>
    public string? MetadataVolume { get; init; }

    /// <summary>Other pools' metadata volumes on it.</summary>
    public IReadOnlyList<Ref<VdiRecord>> ForeignVolumes { get; init; } = [];

    /// <summary>How much it holds at most; 0 if it does not tell.</summary>
    public long SizeBytes { get; init; }

    /// <summary>How much of that is used.</summary>
    public long UsedBytes { get; init; }

    /// <summary>How many VMs have disks on it.</summary>
    public int Vms { get; init; }

    /// <summary>
    /// Whether the pool's metadata are kept on it. What lies on storage that is attached for recovery only is written by nobody.
    /// </summary>
    public bool IsProtected => MetadataVolume is not null && !IsForRecovery;
}
