using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.RbdDriver;

/// <summary>An attached SR in a pool of Ceph. Holds no state but whether it is attached: the pool is the truth.</summary>
/// <param name="name">The SR's own image.</param>
/// <param name="hold">The SR, and how it is attached.</param>
/// <param name="tools">Ceph's programs.</param>
/// <param name="images">Converts what is imported and exported.</param>
/// <param name="scratch">Where that takes place.</param>
/// <param name="devices">Where images are had as files.</param>
internal sealed class RbdSr(RbdName name, SrHold hold, RbdTools tools, QemuImg images, string scratch, string devices) : ISr
{
    // Copies and removals go at a mebibyte a second at the least.
    private static readonly TimeSpan LeastLimit = TimeSpan.FromMinutes(10);

    // Most of each of Ceph's programs' time is waiting for the cluster.
    private const int AtOnce = 4;

    // What a metadata volume has little of is given to it in small pieces.
    private const string MetadataObjectSize = "1M";
    private const string ChangedKey = "redoubt.changed";
    private const string ProofKey = "redoubt.proof";

    public SrUuid Uuid => hold.Uuid;

    public SrAccess Access => hold.Access;

    public async Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken)
    {
        hold.Require();
        return [.. (await tools.ListAsync(Uuid, cancellationToken)).Select(i => i.State)];
    }

    public Task<SrState> StatAsync(CancellationToken cancellationToken)
    {
        hold.Require();
        return tools.MeasureAsync(cancellationToken);
    }

    public async Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        (await FindAsync(vdi, cancellationToken)).State;

    public async Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var size = VdiSize.Normalise(config.Uuid, config.VirtualSizeBytes);
        var isMetadata = config.Type == VdiType.Metadata;
        if (config.Format == DiskFormat.Qcow2)
            throw SrFailure.Backend(
                SrFailure.VdiType,
                $"VDI {config.Uuid} can't be kept as qcow2 in {tools.Pool.Place}, where disks are raw and thin as they are: leave out the "
                    + "format.");
        await RequireFreeAsync(config.Uuid, cancellationToken);
        var made = new RbdImage(NameOf(config.Uuid, isMetadata), size);
        if (isMetadata)
        {
            await MakeAsync(
                made.Name,
                async making =>
                {
                    await tools.TryCreateAsync(making, size, cancellationToken, MetadataObjectSize);
                    await using var device = await RbdDevice.OpenAsync(tools.Pool, making, SrAccess.ReadWrite, devices, cancellationToken);
                    await DeviceContent.WriteEmptyLogAsync(device.Path, cancellationToken);
                },
                cancellationToken);
        }
        else if (!await tools.TryCreateAsync(made.Name, size, cancellationToken))
        {
            throw SrFailure.AlreadyExists(config.Uuid, tools.Pool.Place);
        }

        return made.State;
    }

    public async Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        foreach (var image in (await tools.ListAsync(cancellationToken)).Where(n => IsNow(n, vdi)))
        {
            var bytes = (await tools.FindAsync(image, cancellationToken))?.GetProperty("size").GetInt64() ?? 0;
            await tools.RemoveAsync(image, LimitOf(bytes), cancellationToken);
        }
    }

    public async Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var image = await FindAsync(vdi, cancellationToken);
        var size = VdiSize.NormaliseGrowth(vdi, image.SizeBytes, virtualSizeBytes);
        await RequireUnusedAsync(image, cancellationToken);
        if (size != image.SizeBytes)
        {
            await tools.RunAsync(
                ["resize", "--no-progress", "--size", $"{size.ToString(CultureInfo.InvariantCulture)}B", Place(image.Name)],
                cancellationToken);
        }

        return (image with { SizeBytes = size }).State;
    }

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        CopyAsync(source, clone, cancellationToken);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        CopyAsync(source, snapshot, cancellationToken);

    public async Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var image = await FindAsync(vdi, cancellationToken);
        await RequireUnusedAsync(image, cancellationToken);
        var making = image.Name.Making();
        try
        {
            await tools.TryCreateAsync(
                making, image.SizeBytes, cancellationToken, image.Name.IsMetadata ? MetadataObjectSize : "4M");
            await using (var device = await RbdDevice.OpenAsync(tools.Pool, making, SrAccess.ReadWrite, devices, cancellationToken))
                await DeviceContent.ReceiveAsync(image.State, content, format, device.Path, images, scratch, cancellationToken);

            // The last moment: a disk replaced after its import was cancelled would surprise.
            cancellationToken.ThrowIfCancellationRequested();
            await RequireUnusedAsync(image, cancellationToken);
            await ReplaceAsync(image, making);
        }
        catch
        {
            await RemoveQuietlyAsync(making, image.SizeBytes);
            throw;
        }
    }

    public async Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken)
    {
        var image = await FindAsync(vdi, cancellationToken);
        await RequireUnusedAsync(image, cancellationToken);
        using var copy = new ScratchFile(scratch);
        await using var device = await RbdDevice.OpenAsync(tools.Pool, image.Name, SrAccess.ReadOnly, devices, cancellationToken);
        await images.ConvertAsync(device.Path, DiskFormat.Raw, copy.FullPath, format, image.SizeBytes, cancellationToken);
        return copy.OpenAndUnlink();
    }

    public async Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken)
    {
        hold.Require(wanted);
        var image = await FindAsync(vdi, cancellationToken);
        var source = new DiskSource.Network(NetworkProtocol.Rbd, tools.Pool.Monitors, Place(image.Name)) { Login = tools.Pool.Login };
        return new VdiAttachment(vdi, wanted, source);
    }

    public async Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken)
    {
        hold.Require(wanted);
        var image = await FindAsync(vdi, cancellationToken);

        // The cluster notes the time of a change once a minute; and as long as the device is there, the image counts as changing.
        if (wanted == SrAccess.ReadWrite)
            await tools.RunAsync(["image-meta", "set", Place(image.Name), ChangedKey, $"{Guid.NewGuid():N}"], cancellationToken);
        return await RbdDevice.OpenAsync(tools.Pool, image.Name, wanted, devices, cancellationToken);
    }

    public async Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken)
    {
        hold.Require();
        if (vdi is not { } disk)
        {
            var names = (await tools.ListAsync(cancellationToken)).Where(n => IsNow(n, n.Vdi)).Select(n => $"{n}");
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', names.Order(StringComparer.Ordinal)))));
        }

        var (image, info) = await LookForAsync(disk, cancellationToken);
        var metadata = tools.RunAsync(["image-meta", "ls", "--format", "json", Place(image.Name)], cancellationToken);

        // The copy that rbd-mirror makes changes with each of its snapshots, which nobody else sees.
        var snapshots = tools.RunAsync(["snap", "ls", "--all", "--format", "json", Place(image.Name)], cancellationToken);
        var isWatched = await tools.IsWatchedAsync(image.Name, cancellationToken);
        var facts = $"{info.GetProperty("id")} {image.SizeBytes} {info.GetProperty("modify_timestamp")} {await metadata} {await snapshots}";
        return isWatched ? $"{Guid.NewGuid():N}" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(facts)));
    }

    public async Task ProveWritesAsync(CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        await tools.RunAsync(["image-meta", "set", Place(name), ProofKey, "1"], cancellationToken, SrLooks.WriteLimit);
    }

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) => OwnThread.RunAsync(look, cancellationToken);

    public async Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
    {
        hold.Require();
        var target = CephPool.Parse(config.DeviceConfig, null);
        if (name.IsForTests)
            throw SrFailure.NotSupported(Uuid);
        if (!target.IsForTests || target.Name != tools.Pool.Name)
            throw SrFailure.Backend(
                SrFailure.InvalidArgument,
                $"The clone would lie among the SRs of {tools.Pool.Place}: set device-config:test=true, and leave the pool.");
        var disks = (await tools.ListAsync(Uuid, cancellationToken))
            .Where(i => !i.Name.IsMetadata && config.Has(i.Name.Vdi!.Value)).ToList();
        var uuids = disks.ToDictionary(d => d, d => config.VdiUuids.GetValueOrDefault(d.Name.Vdi!.Value, d.Name.Vdi.Value));
        if (uuids.Values.GroupBy(u => u).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw SrFailure.Backend(SrFailure.InvalidArgument, $"Two disks are mapped to the UUID {twice.Key}: give each its own.");
        var clone = new RbdName { IsForTests = true, Sr = config.Uuid };
        var made = new RbdSr(clone, new(clone.Sr, SrAccess.ReadWrite), tools.For(target), images, scratch, devices);
        try
        {
            await CloneAsync(uuids, clone, cancellationToken);
            await made.CreateAsync(cancellationToken);
        }
        catch
        {
            foreach (var left in uuids.Values)
                await made.RemoveQuietlyAsync(made.NameOf(left, isMetadata: false), 0);
            throw;
        }

        return new WritableClone
        {
            Sr = made,
            DeviceConfig = config.DeviceConfig.ToImmutableDictionary(),
            DependsOnSource = false,
            Skipped = [],
        };
    }

    public Task DetachAsync(CancellationToken cancellationToken)
    {
        hold.End();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await DetachAsync(CancellationToken.None);

    /// <summary>Makes the SR's own image, if it is not there.</summary>
    public Task CreateAsync(CancellationToken cancellationToken) => tools.TryCreateAsync(name, 1 << 20, cancellationToken);

    /// <summary>
    /// Brings to its end, or removes, what an hour ago somebody was doing who is not at it any more. Each step may be repeated.
    /// </summary>
    public async Task SweepAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var names = (await tools.ListAsync(cancellationToken)).Where(n => n.Sr == Uuid && n.Vdi is not null).ToList();
        foreach (var left in names.Where(n => n.Step is not null))
        {
            if (await tools.FindAsync(left, cancellationToken) is not { } found || Age(found, now) < TimeSpan.FromHours(1)
                || await tools.IsWatchedAsync(left, cancellationToken))
                continue;
            var whole = left with { Step = null };
            if (left.Step != RbdName.Next)
            {
                await RemoveQuietlyAsync(left, found.GetProperty("size").GetInt64());
                continue;
            }

            if (names.Contains(whole))
                await tools.TryRenameAsync(whole, whole.Making(), cancellationToken);
            await tools.TryRenameAsync(left, whole, cancellationToken);
        }
    }

    // Each clone holds on to the snapshot that it is made of, which nobody sees any more and which goes with it.
    private Task CloneAsync(
        Dictionary<RbdImage, VdiUuid> uuids, RbdName clone, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        uuids, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (pair, stop) =>
        {
            var snapshot = $"{Place(pair.Key.Name)}@redoubt-t.{clone.Sr}";
            await tools.RunAsync(["snap", "create", "--no-progress", snapshot], stop);
            try
            {
                await tools.RunAsync(
                    ["clone", "--rbd-default-clone-format", "2", snapshot, Place(clone with { Vdi = pair.Value })], stop);
            }
            finally
            {
                await tools.RunAsync(["snap", "rm", "--no-progress", snapshot], CancellationToken.None);
            }
        });

    private async Task ReplaceAsync(RbdImage image, RbdName made)
    {
        // 1. What is whole says so. 2. The former makes room; the other one counts from now on. 3. It has the name. 4. The former goes.
        var (whole, former) = (image.Name with { Step = null }, image.Name.Making());
        await RequireAsync(tools.TryRenameAsync(made, whole with { Step = RbdName.Next }, CancellationToken.None), image);
        await RequireAsync(tools.TryRenameAsync(image.Name, former, CancellationToken.None), image);
        await RequireAsync(tools.TryRenameAsync(whole with { Step = RbdName.Next }, whole, CancellationToken.None), image);
        await RemoveQuietlyAsync(former, image.SizeBytes);
    }

    private static async Task RequireAsync(Task<bool> rename, RbdImage image)
    {
        if (!await rename)
            throw SrFailure.IsReplaced(image.Name.Vdi!.Value);
    }

    private async Task<VdiState> CopyAsync(VdiUuid source, VdiUuid copy, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var image = await FindAsync(source, cancellationToken);
        await RequireFreeAsync(copy, cancellationToken);
        await RequireUnusedAsync(image, cancellationToken);
        var made = image with { Name = NameOf(copy, image.Name.IsMetadata) };
        await MakeAsync(
            made.Name,
            making => tools.RunAsync(
                ["cp", "--no-progress", Place(image.Name), Place(making)], cancellationToken, LimitOf(image.SizeBytes)),
            cancellationToken);
        return made.State;
    }

    // Whole or not at all: it has its name when it is.
    private async Task MakeAsync(RbdName made, Func<RbdName, Task> make, CancellationToken cancellationToken)
    {
        var making = made.Making();
        try
        {
            await make(making);
            cancellationToken.ThrowIfCancellationRequested();
            if (!await tools.TryRenameAsync(making, made, CancellationToken.None))
                throw SrFailure.AlreadyExists(made.Vdi!.Value, tools.Pool.Place);
        }
        catch
        {
            await RemoveQuietlyAsync(making, 0);
            throw;
        }
    }

    // What can't be removed now is swept later; why something failed is of more interest.
    private async Task RemoveQuietlyAsync(RbdName image, long bytes)
    {
        try
        {
            await tools.RemoveAsync(image, LimitOf(bytes), CancellationToken.None);
        }
        catch (XenApiException)
        {
            // See SweepAsync.
        }
    }

    private static TimeSpan LimitOf(long bytes) => LeastLimit + TimeSpan.FromSeconds(Math.Min(bytes >> 20, 3_000_000));

    // The program writes it as ctime does, in the time of this host; what can't be read is new.
    private static TimeSpan Age(JsonElement info, DateTimeOffset now) =>
        info.TryGetProperty("create_timestamp", out var created) && DateTime.TryParseExact(
            created.GetString(), "ddd MMM d HH:mm:ss yyyy", CultureInfo.InvariantCulture,
            DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeLocal, out var at)
            ? now - new DateTimeOffset(at) : TimeSpan.Zero;

    private async Task<RbdImage> FindAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        (await LookForAsync(vdi, cancellationToken)).Image;

    private async Task<(RbdImage Image, JsonElement Facts)> LookForAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        hold.Require();
        foreach (var likely in new[] { NameOf(vdi, isMetadata: false), NameOf(vdi, isMetadata: true) })
        {
            if (await tools.FindAsync(likely, cancellationToken) is { } info)
                return (new(likely, info.GetProperty("size").GetInt64()), info);
        }

        foreach (var next in (await tools.ListAsync(cancellationToken)).Where(n => IsNow(n, vdi)))
        {
            if (await tools.FindAsync(next, cancellationToken) is { } info)
                return (new(next, info.GetProperty("size").GetInt64()), info);
        }

        throw SrFailure.NoSuchVdi(Uuid, vdi, tools.Pool.Place);
    }

    private bool IsNow(RbdName image, VdiUuid? vdi) => image.Sr == Uuid && image.Vdi == vdi && (image.Step is null or RbdName.Next);

    private RbdName NameOf(VdiUuid vdi, bool isMetadata) => name with { Vdi = vdi, IsMetadata = isMetadata };

    private string Place(RbdName image) => tools.Pool.NameOf($"{image}");

    private async Task RequireFreeAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        if ((await tools.ListAsync(cancellationToken)).Any(n => IsNow(n, vdi)))
            throw SrFailure.AlreadyExists(vdi, tools.Pool.Place);
    }

    private async Task RequireUnusedAsync(RbdImage image, CancellationToken cancellationToken)
    {
        if (await tools.IsWatchedAsync(image.Name, cancellationToken))
            throw SrFailure.Backend(
                SrFailure.VdiInUse,
                $"VDI {image.Name.Vdi} is open elsewhere: shut down the VM that uses it. One that a dead host had open is free after "
                    + "half a minute.");
    }
}
