using System.Collections.Concurrent;
using Redoubt.Storage.Images;

namespace Redoubt.Storage.MemoryDriver;

/// <summary>
/// SRs in the memory of this process, for tests and rehearsals of everything above storage. <c>device-config:location</c> is a free
/// name; one driver object is one storage array, whose SRs live as long as it does.
/// </summary>
/// <remarks>Keeps every promise of the contract but durability, and has no paths for a hypervisor.</remarks>
/// <param name="images">Converts images for imports and exports of qcow2.</param>
/// <param name="scratchDirectory">Where such conversions take place; nothing is left behind there.</param>
public sealed class MemorySrDriver(QemuImg images, string scratchDirectory) : ISrDriver
{
    private const string LocationKey = "location";
    private readonly ConcurrentDictionary<(string Location, SrUuid Sr), ConcurrentDictionary<VdiUuid, MemoryVdi>> _srs = new();

    /// <inheritdoc/>
    public string Type => "memory";

    /// <inheritdoc/>
    public string Description => "Disks in the memory of the daemon, lost when it ends: for tests only.";

    /// <inheritdoc/>
    public IReadOnlyList<string> RequiredDeviceConfig { get; } = [LocationKey];

    /// <inheritdoc/>
    public SrFeatures Features { get; } = new() { HoldsMetadata = true, ChangesVdis = true, TestCloneType = "memory" };

    /// <inheritdoc/>
    public Task<IReadOnlyList<ProbedSr>> ProbeAsync(IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var location = LocationOf(deviceConfig);
        var found = _srs.Where(sr => sr.Key.Location == location).Select(sr => new ProbedSr
        {
            Uuid = sr.Key.Sr,
            PhysicalSizeBytes = MemorySr.PhysicalSizeBytes,
            PhysicalUtilisationBytes = sr.Value.Values.Sum(vdi => vdi.Disk.AllocatedBytes),
            Metadata = [.. MemorySr.List(sr.Value).Where(vdi => vdi.Type == VdiType.Metadata).Select(Describe)],
        });
        return Task.FromResult<IReadOnlyList<ProbedSr>>([.. found.OrderBy(sr => sr.Uuid.ToString(), StringComparer.Ordinal)]);
    }

    /// <inheritdoc/>
    public Task CreateAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        if (!_srs.GetOrAdd((LocationOf(deviceConfig), uuid), _ => new ConcurrentDictionary<VdiUuid, MemoryVdi>()).IsEmpty)
            throw SrFailure.Backend(SrFailure.SrExists, $"SR {uuid} exists already and is not empty: attach it, or choose another UUID.");
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<ISr> AttachAsync(
        SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, SrAccess access, CancellationToken cancellationToken)
    {
        var location = LocationOf(deviceConfig);
        return _srs.TryGetValue((location, uuid), out var vdis)
            ? Task.FromResult<ISr>(new MemorySr(this, new(uuid, access), location, vdis))
            : throw SrFailure.Backend(
                SrFailure.SrUnavailable, $"SR {uuid} is not in the memory location '{location}': create it, or check the location.");
    }

    /// <inheritdoc/>
    public Task DestroyAsync(SrUuid uuid, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var key = (LocationOf(deviceConfig), uuid);
        if (_srs.TryGetValue(key, out var vdis) && !vdis.IsEmpty)
            throw SrFailure.Backend(SrFailure.SrNotEmpty, $"SR {uuid} still holds {vdis.Count} VDIs: destroy them first.");
        _srs.TryRemove(key, out _);
        return Task.CompletedTask;
    }

    /// <summary>The location, which only has to be there.</summary>
    internal static string LocationOf(IReadOnlyDictionary<string, string> deviceConfig)
        => deviceConfig.GetValueOrDefault(LocationKey) is { Length: > 0 } location
            ? location
            : throw SrFailure.Backend(SrFailure.ConfigLocationMissing, "device-config:location is missing: set it to any name.");

    /// <summary>Adds a whole SR in one step.</summary>
    internal MemorySr Publish(SrUuid uuid, string location, ConcurrentDictionary<VdiUuid, MemoryVdi> vdis)
        => _srs.TryAdd((location, uuid), vdis)
            ? new MemorySr(this, new(uuid, SrAccess.ReadWrite), location, vdis)
            : throw SrFailure.Backend(SrFailure.SrExists, $"SR {uuid} exists already: choose another UUID.");

    /// <summary>Reads a qcow2 stream into memory.</summary>
    internal async Task<SparseDisk> ReadQcow2Async(VdiState vdi, Stream content, CancellationToken cancellationToken)
    {
        using var received = new ScratchFile(scratchDirectory);
        using var raw = new ScratchFile(scratchDirectory);
        var header = await ForeignImage.ReceiveAsync(vdi.Uuid, vdi.VirtualSizeBytes, content, received.FullPath, cancellationToken);
        await images.ConvertAsync(
            received.FullPath, DiskFormat.Qcow2, raw.FullPath, DiskFormat.Raw, header.VirtualSizeBytes, cancellationToken);
        await using var stream = raw.OpenAndUnlink();
        return await SparseDisk.ReadAsync(stream, vdi.VirtualSizeBytes, cancellationToken)
            ?? throw VdiSize.TooLong(vdi.Uuid, vdi.VirtualSizeBytes);
    }

    /// <summary>Opens a disk as a qcow2 stream.</summary>
    internal async Task<Stream> OpenQcow2Async(SparseDisk disk, CancellationToken cancellationToken)
    {
        using var raw = new ScratchFile(scratchDirectory);
        using var image = new ScratchFile(scratchDirectory);
        await using var content = new SparseDiskStream(disk);
        await SparseCopy.TryWriteRawAsync(content, raw.FullPath, disk.VirtualSizeBytes, cancellationToken);
        await images.ConvertAsync(raw.FullPath, DiskFormat.Raw, image.FullPath, DiskFormat.Qcow2, disk.VirtualSizeBytes, cancellationToken);
        return image.OpenAndUnlink();
    }

    private static ProbedMetadata Describe(VdiState vdi)
        => new() { Uuid = vdi.Uuid, VirtualSizeBytes = vdi.VirtualSizeBytes };
}
