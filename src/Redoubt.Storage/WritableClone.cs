namespace Redoubt.Storage;

/// <summary>A writable clone of an SR.</summary>
public sealed record WritableClone
{
    /// <summary>The clone, attached read-write. The caller detaches it.</summary>
    public required ISr Sr { get; init; }

    /// <summary>The device config with which the clone can be attached again; more than what was asked for.</summary>
    public required IReadOnlyDictionary<string, string> DeviceConfig { get; init; }

    /// <summary>
    /// Whether the clone's disks build on the source's, which must then not be rewritten in place; otherwise it depends on nothing.
    /// </summary>
    public required bool DependsOnSource { get; init; }

    /// <summary>Disks that could not be cloned, each with its reason. The caller must not drop them silently.</summary>
    public required IReadOnlyList<VdiState> Skipped { get; init; }
}
