using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Redoubt.Storage.MemoryDriver;

/// <summary>An attached SR in memory. Attaches of one SR share its dictionary of disks, each of which is a value replaced whole.</summary>
internal sealed class MemorySr(
    MemorySrDriver driver, SrHold hold, string location, ConcurrentDictionary<VdiUuid, MemoryVdi> vdis) : ISr
{
    /// <summary>What a memory SR reports as its size; nothing enforces it.</summary>
    public const long PhysicalSizeBytes = 1L << 40;

    public SrUuid Uuid => hold.Uuid;

    public SrAccess Access => hold.Access;

    /// <summary>Lists disks, ordered by UUID.</summary>
    public static IReadOnlyList<VdiState> List(ConcurrentDictionary<VdiUuid, MemoryVdi> vdis)
        => [.. vdis.Select(vdi => vdi.Value.ToState(vdi.Key)).OrderBy(vdi => vdi.Uuid.ToString(), StringComparer.Ordinal)];

    public Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        return Task.FromResult(List(vdis));
    }

    public Task<SrState> StatAsync(CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        return Task.FromResult(new SrState
        {
            PhysicalSizeBytes = PhysicalSizeBytes,
            PhysicalUtilisationBytes = vdis.Values.Sum(vdi => vdi.Disk.AllocatedBytes),
        });
    }

    public Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken)
    {
        RequireWritable(cancellationToken);
        var size = VdiSize.Normalise(config.Uuid, config.VirtualSizeBytes);
        var metadata = config.Type == VdiType.Metadata;
        var format = config.Format ?? (metadata ? DiskFormat.Raw : DiskFormat.Qcow2);
        if (metadata && format != DiskFormat.Raw)
            throw SrFailure.Backend(SrFailure.VdiType, $"VDI {config.Uuid} is metadata, which is always raw: leave out the format.");
        var disk = new SparseDisk { VirtualSizeBytes = size };
        if (metadata)
            disk = disk with { Blocks = disk.Blocks.Add(0, RedoLogMagic.EmptyLog.ToArray()) };
        return Task.FromResult(Add(config.Uuid, new MemoryVdi(disk, format)));
    }

    public Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        RequireWritable(cancellationToken);
        vdis.TryRemove(vdi, out _);
        return Task.CompletedTask;
    }

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken)
    {
        RequireWritable(cancellationToken);
        var found = Find(vdi);
        var size = VdiSize.NormaliseGrowth(vdi, found.Disk.VirtualSizeBytes, virtualSizeBytes);
        var resized = found with { Disk = found.Disk with { VirtualSizeBytes = size } };
        vdis[vdi] = resized;
        return Task.FromResult(resized.ToState(vdi));
    }

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken)
    {
        RequireWritable(cancellationToken);
        return Task.FromResult(Add(clone, Find(source)));
    }

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken)
        => CloneVdiAsync(source, snapshot, cancellationToken);

    public async Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken)
    {
        RequireWritable(cancellationToken);
        var present = Find(vdi);
        var state = present.ToState(vdi);
        var size = state.VirtualSizeBytes;
        var disk = format == DiskFormat.Qcow2
            ? await driver.ReadQcow2Async(state, content, cancellationToken)
            : await SparseDisk.ReadAsync(content, size, cancellationToken) ?? throw VdiSize.TooLong(vdi, size);
        var imported = present with { Disk = disk };
        if (imported.ToState(vdi).Type != state.Type)
            throw SrFailure.WouldChangeType(vdi, state.Type);

        // The last moment: a disk replaced after its import was cancelled would surprise.
        cancellationToken.ThrowIfCancellationRequested();
        vdis[vdi] = imported;
    }

    public async Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        var disk = Find(vdi).Disk;
        return format == DiskFormat.Raw ? new SparseDiskStream(disk) : await driver.OpenQcow2Async(disk, cancellationToken);
    }

    public Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        return Task.FromResult(Find(vdi).ToState(vdi));
    }

    public Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        Find(vdi);
        throw SrFailure.NotSupported(Uuid);
    }

    public Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess access, CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        Find(vdi);
        throw SrFailure.NotSupported(Uuid);
    }

    public Task ProveWritesAsync(CancellationToken cancellationToken)
    {
        RequireWritable(cancellationToken);
        return Task.CompletedTask;
    }

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) => OwnThread.RunAsync(look, cancellationToken);

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);

        // Each disk is a value that is replaced whole, so another content is another object.
        return Task.FromResult(vdi is { } disk
            ? $"{RuntimeHelpers.GetHashCode(Find(disk).Disk)} {Find(disk).Disk.VirtualSizeBytes}"
            : string.Join(' ', List(vdis).Select(v => v.Uuid)));
    }

    public Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
    {
        RequireAttached(cancellationToken);
        var target = MemorySrDriver.LocationOf(config.DeviceConfig);
        if (target == location)
            throw SrFailure.Backend(
                SrFailure.InvalidArgument, $"The clone would lie in the source's location '{location}': choose another.");
        var copies = new ConcurrentDictionary<VdiUuid, MemoryVdi>();
        foreach (var vdi in List(vdis).Where(vdi => vdi.Type == VdiType.User && config.Has(vdi.Uuid)))
        {
            var copy = config.VdiUuids.GetValueOrDefault(vdi.Uuid, vdi.Uuid);
            if (!copies.TryAdd(copy, Find(vdi.Uuid)))
                throw SrFailure.Backend(SrFailure.InvalidArgument, $"Two disks are mapped to the UUID {copy}: give each its own.");
        }

        return Task.FromResult(new WritableClone
        {
            Sr = driver.Publish(config.Uuid, target, copies),
            DeviceConfig = config.DeviceConfig.ToImmutableDictionary(),
            DependsOnSource = false,
            Skipped = [],
        });
    }

    public Task DetachAsync(CancellationToken cancellationToken)
    {
        hold.End();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await DetachAsync(CancellationToken.None);

    private MemoryVdi Find(VdiUuid vdi) => vdis.TryGetValue(vdi, out var found) ? found : throw SrFailure.NoSuchVdi(Uuid, vdi, location);

    private VdiState Add(VdiUuid uuidOfVdi, MemoryVdi vdi)
        => vdis.TryAdd(uuidOfVdi, vdi) ? vdi.ToState(uuidOfVdi) : throw SrFailure.AlreadyExists(uuidOfVdi, location);

    private void RequireAttached(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        hold.Require();
    }

    private void RequireWritable(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        hold.Require(SrAccess.ReadWrite);
    }
}
