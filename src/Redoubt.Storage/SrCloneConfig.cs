namespace Redoubt.Storage;

/// <summary>Where a writable clone of an SR shall be made.</summary>
public sealed record SrCloneConfig
{
    /// <summary>The UUID of the clone.</summary>
    public required SrUuid Uuid { get; init; }

    /// <summary>The device config of the clone, as for <see cref="ISrDriver.CreateAsync"/>; must lie outside the source's.</summary>
    public required IReadOnlyDictionary<string, string> DeviceConfig { get; init; }

    /// <summary>The disks that the clone is to have; <c>null</c>: all.</summary>
    public IReadOnlySet<VdiUuid>? Vdis { get; init; }

    /// <summary>New UUIDs by the source's. A disk that is not in the map keeps its UUID.</summary>
    public IReadOnlyDictionary<VdiUuid, VdiUuid> VdiUuids { get; init; } = new Dictionary<VdiUuid, VdiUuid>();

    /// <summary>Whether the clone is to have a disk.</summary>
    public bool Has(VdiUuid vdi) => Vdis?.Contains(vdi) ?? true;
}
