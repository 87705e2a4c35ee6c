using System.Security.Cryptography;
using System.Text;
using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Storage.LvmDriver;

/// <summary>An attached SR in a volume group. Holds no state but whether it is attached: the volume group is the truth.</summary>
/// <param name="hold">The SR, and how it is attached.</param>
/// <param name="tools">LVM's program, on the device.</param>
/// <param name="mapped">Where volumes are had as devices.</param>
/// <param name="images">Converts what is imported and exported.</param>
/// <param name="scratch">Where that takes place.</param>
internal sealed class LvmSr(
    SrHold hold, LvmTools tools, MappedVolumes mapped, QemuImg images, string scratch) : ISr
{
    public SrUuid Uuid => hold.Uuid;

    public SrAccess Access => hold.Access;

    public async Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken) =>
        [.. (await LookAsync(cancellationToken)).Disks.Select(v => v.State)];

    public async Task<SrState> StatAsync(CancellationToken cancellationToken)
    {
        var group = await LookAsync(cancellationToken);
        return new SrState { PhysicalSizeBytes = group.SizeBytes, PhysicalUtilisationBytes = group.SizeBytes - group.FreeBytes };
    }

    public async Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        (await FindAsync(vdi, cancellationToken)).State;

    public async Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var size = VdiSize.Normalise(config.Uuid, config.VirtualSizeBytes);
        var isMetadata = config.Type == VdiType.Metadata;
        if (config.Format is { } format && format != DiskFormat.Raw)
            throw SrFailure.Backend(
                SrFailure.VdiType,
                $"VDI {config.Uuid} can't be kept as an image in a volume group, where disks are raw: leave out the format.");
        await RequireFreeAsync(config.Uuid, cancellationToken);
        return await MakeAsync(
            new LvmName { Vdi = config.Uuid, IsMetadata = isMetadata }, size,
            path => isMetadata ? DeviceContent.WriteEmptyLogAsync(path, cancellationToken) : Task.CompletedTask,
            cancellationToken);
    }

    public async Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);

        var group = await LookAsync(cancellationToken);
        if (group.IsAmbiguous(vdi))
            throw SrFailure.Unreadable(vdi, tools.Device, group.Find(vdi)!.Unreadable!);
        foreach (var volume in group.Volumes.Where(v => v.Name.IsNow && v.Name.Vdi == vdi))
        {
            // 1. It is no disk any more. 2. Its place is free.
            await RequireUnusedAsync(volume, isToGo: true, cancellationToken);
            var left = volume with { Name = volume.Name.Making() };
            if (await tools.TryRenameAsync(Uuid, volume.Name, left.Name, cancellationToken))
                await RemoveAsync(left);
        }
    }

    public async Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var volume = await FindAsync(vdi, cancellationToken);
        var size = VdiSize.NormaliseGrowth(vdi, volume.SizeBytes, virtualSizeBytes);
        if (size == volume.SizeBytes)
            return volume.State;
        await RequireUnusedAsync(volume, isToGo: false, cancellationToken);

        // 1. Room. 2. What was somebody's there once is gone. 3. It counts.
        if (size > volume.AllocatedBytes)
            await tools.ExtendAsync(Uuid, volume.Name, size, cancellationToken);
        var grown = await FindAsync(vdi, cancellationToken) with { SizeBytes = size };
        await using (var device = await mapped.HoldAsync(tools.Device, grown, SrAccess.ReadWrite, MappedUse.Written, cancellationToken))
        {
            var end = MappedVolumes.ShownBytes(tools.Device, volume.SizeBytes);
            if (MappedVolumes.ShownBytes(tools.Device, size) - end is > 0 and var more)
            {
                await FileFailure.TranslateAsync(
                    tools.Device, () => SrLooks.DoneAsync(MappedVolumes.ZeroAsync(device.Path, end, more, cancellationToken)));
            }
        }

        await tools.NoteSizeAsync(Uuid, volume, size, cancellationToken);
        return (await FindAsync(vdi, cancellationToken)).State;
    }

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken) =>
        CopyAsync(source, clone, cancellationToken);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken) =>
        CopyAsync(source, snapshot, cancellationToken);

    public async Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var volume = await FindAsync(vdi, cancellationToken);
        await RequireUnusedAsync(volume, isToGo: true, cancellationToken);
        var (making, sender) = (volume.Name.Making(), new WatchedStream(content));
        try
        {
            await FillAsync(
                making, volume.SizeBytes,
                path => DeviceContent.ReceiveAsync(volume.State, sender, format, path, images, scratch, cancellationToken),
                cancellationToken, sender);

            // The last moment: a disk replaced after its import was cancelled would surprise.
            cancellationToken.ThrowIfCancellationRequested();
            await RequireUnusedAsync(volume, isToGo: true, cancellationToken);
            await ReplaceAsync(volume, making);
        }
        catch
        {
            await RemoveQuietlyAsync(making);
            throw;
        }
    }

    public async Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken)
    {
        var volume = await FindAsync(vdi, cancellationToken);
        if (await mapped.IsOpenAsync(tools.Device, volume, cancellationToken))
            throw InUse(volume);
        var device = await mapped.HoldAsync(tools.Device, volume, SrAccess.ReadOnly, MappedUse.Read, cancellationToken);
        if (format == DiskFormat.Raw)
        {
            try
            {
                return await OwnThread.RunAsync(() => new DeviceStream(device, volume.SizeBytes), cancellationToken);
            }
            catch
            {
                await device.DisposeAsync();
                throw;
            }
        }

        await using (device)
        {
            using var copy = new ScratchFile(scratch);
            await images.ConvertAsync(device.Path, DiskFormat.Raw, copy.FullPath, format, volume.SizeBytes, cancellationToken);
            return copy.OpenAndUnlink();
        }
    }

    public async Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken)
    {
        var device = await OpenDeviceAsync(vdi, wanted, cancellationToken);
        return new VdiAttachment(vdi, wanted, new DiskSource.Block(device.Path), device.DisposeAsync);
    }

    public async Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken)
    {
        hold.Require(wanted);
        return await mapped.HoldAsync(tools.Device, await FindAsync(vdi, cancellationToken), wanted, MappedUse.Given, cancellationToken);
    }

    // Nothing tells whether a volume was written to, here, at another host or by the storage that it is copied by: so each word is new.
    public async Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken)
    {
        if (vdi is { } disk)
        {
            await FindAsync(disk, cancellationToken);
            return $"{Guid.NewGuid():N}";
        }

        var names = (await LookAsync(cancellationToken)).Disks.Select(v => $"{v.Name.Vdi}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', names))));
    }

    public async Task ProveWritesAsync(CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var at = (await LookAsync(cancellationToken)).ProofAt;
        await OwnThread.RunAsync(() => WriteProof(at), cancellationToken);
    }

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) => OwnThread.RunAsync(look, cancellationToken);

    public Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
    {
        hold.Require();
        return Task.FromException<WritableClone>(SrFailure.NotSupported(Uuid));
    }

    public Task DetachAsync(CancellationToken cancellationToken)
    {
        hold.End();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await DetachAsync(CancellationToken.None);

    /// <summary>
    /// Makes sure that the device takes writes, and brings to its end, or removes, what an hour ago somebody was doing who is not at it any
    /// more. Each step may be repeated.
    /// </summary>
    public async Task SweepAsync(LvmGroup group, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await OwnThread.RunAsync(() => WriteProof(group.ProofAt), cancellationToken);
        if (group.ProofAt is null)
            await tools.TryCreateAsync(Uuid, LvmName.Proof, null, cancellationToken);
        foreach (var left in group.Volumes.Where(
            v => v.Name.Step is not null && v.Host == LvmTools.ThisHost && v.Host is not null && now - v.MadeAt > TimeSpan.FromHours(1)))
        {
            if (!await mapped.IsFreeAsync(tools.Device, left, isToGo: false, cancellationToken))
                continue;
            if (left.Name.Step != LvmName.Next)
            {
                await RemoveQuietlyAsync(left);
                continue;
            }

            var whole = left.Name with { Step = null };
            if (group.Volumes.Any(v => v.Name == whole))
                await tools.TryRenameAsync(Uuid, whole, whole.Making(), cancellationToken);
            await tools.TryRenameAsync(Uuid, left.Name, whole, cancellationToken);
        }
    }

    private async Task<VdiState> CopyAsync(VdiUuid source, VdiUuid copy, CancellationToken cancellationToken)
    {
        hold.Require(SrAccess.ReadWrite);
        var volume = await FindAsync(source, cancellationToken);
        await RequireFreeAsync(copy, cancellationToken);
        if (await mapped.IsOpenAsync(tools.Device, volume, cancellationToken))
            throw InUse(volume);
        var device = await mapped.HoldAsync(tools.Device, volume, SrAccess.ReadOnly, MappedUse.Read, cancellationToken);
        await using var content = new DeviceStream(device, volume.SizeBytes);
        return await MakeAsync(
            volume.Name with { Vdi = copy, Step = null }, volume.SizeBytes,
            async path =>
            {
                using var target = DeviceContent.Open(path);
                await SparseCopy.TryWriteAsync(content, target, volume.SizeBytes, cancellationToken);
                await OwnThread.RunAsync(() => Flush(target), cancellationToken);
            },
            cancellationToken);
    }

    // Whole or not at all: it has its name when it is.
    private async Task<VdiState> MakeAsync(LvmName name, long bytes, Func<string, Task> fill, CancellationToken cancellationToken)
    {
        var making = name.Making();
        try
        {
            var made = await FillAsync(making, bytes, fill, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            if (!await tools.TryRenameAsync(Uuid, making, name, CancellationToken.None))
                throw SrFailure.AlreadyExists(name.Vdi, tools.Device);
            return made.State;
        }
        catch
        {
            await RemoveQuietlyAsync(making);
            throw;
        }
    }

    /// <summary>Makes a volume under a name that doesn't count, has it read as zeros, and filled.</summary>
    private async Task<LvmVolume> FillAsync(
        LvmName making, long bytes, Func<string, Task> fill, CancellationToken cancellationToken, WatchedStream? sender = null)
    {
        await tools.TryCreateAsync(Uuid, $"{making}", bytes, cancellationToken);
        var volume = (await LookAsync(cancellationToken)).Volumes.FirstOrDefault(v => v.Name == making)
            ?? throw SrFailure.NoSuchVdi(Uuid, making.Vdi, tools.Device);
        await using var device = await mapped.HoldAsync(tools.Device, volume, SrAccess.ReadWrite, MappedUse.Written, cancellationToken);
        return await FileFailure.TranslateAsync(
            tools.Device,
            async () =>
            {
                await MappedVolumes.ZeroAsync(device.Path, 0, MappedVolumes.ShownBytes(tools.Device, bytes), cancellationToken);
                await fill(device.Path);
                return volume;
            },
            sender);
    }

    private async Task ReplaceAsync(LvmVolume volume, LvmName made)
    {
        // 1. What is whole says so. 2. The former makes room; the other one counts from now on. 3. It has the name. 4. The former goes.
        var (whole, former) = (volume.Name with { Step = null }, volume.Name.Making());
        await RequireAsync(tools.TryRenameAsync(Uuid, made, whole with { Step = LvmName.Next }, CancellationToken.None), volume);
        await RequireAsync(tools.TryRenameAsync(Uuid, volume.Name, former, CancellationToken.None), volume);
        await RequireAsync(tools.TryRenameAsync(Uuid, whole with { Step = LvmName.Next }, whole, CancellationToken.None), volume);
        await RemoveQuietlyAsync(volume with { Name = former });
    }

    private static async Task RequireAsync(Task<bool> rename, LvmVolume volume)
    {
        if (!await rename)
            throw SrFailure.IsReplaced(volume.Name.Vdi);
    }

    private async Task RemoveAsync(LvmVolume volume)
    {
        if (!await mapped.TryGiveUpAsync(
                tools.Device, volume, () => tools.RemoveAsync(Uuid, volume.Name, CancellationToken.None), CancellationToken.None))
            throw InUse(volume);
    }

    // What can't be removed now is swept later; why something failed is of more interest.
    private async Task RemoveQuietlyAsync(LvmVolume volume)
    {
        try
        {
            await RemoveAsync(volume);
        }
        catch (XenApiException)
        {
            // See SweepAsync.
        }
    }

    private async Task RemoveQuietlyAsync(LvmName making)
    {
        try
        {
            if ((await tools.LookAsync(CancellationToken.None))?.Volumes.FirstOrDefault(v => v.Name == making) is { } left)
                await RemoveAsync(left);
        }
        catch (XenApiException)
        {
            // See SweepAsync.
        }
    }

    private bool WriteProof(long? at)
    {
        try
        {
            using var device = DeviceContent.Open(tools.Device);
            if (at is { } offset)
                RandomAccess.Write(device, Guid.NewGuid().ToByteArray(), offset);
            return Flush(device);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw SrFailure.Backend(
                SrFailure.SrUnavailable,
                $"The device {tools.Device} can't be written: check it and the kernel's log; if it is the copy of a mirror, promote it, or "
                    + $"attach it read-only. ({e.Message})",
                e);
        }
    }

    private static bool Flush(Microsoft.Win32.SafeHandles.SafeFileHandle device)
    {
        RandomAccess.FlushToDisk(device);
        return true;
    }

    private async Task<LvmGroup> LookAsync(CancellationToken cancellationToken)
    {
        hold.Require();
        return await LvmSrDriver.FindAsync(tools, Uuid, cancellationToken)
            ?? throw SrFailure.Backend(
                SrFailure.SrUnavailable, $"SR {Uuid} is not on {tools.Device} any more: check that it is the device that was attached.");
    }

    private async Task<LvmVolume> FindAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        var volume = (await LookAsync(cancellationToken)).Find(vdi) ?? throw SrFailure.NoSuchVdi(Uuid, vdi, tools.Device);
        return volume.Unreadable is null ? volume : throw SrFailure.Unreadable(vdi, tools.Device, volume.Unreadable);
    }

    private async Task RequireFreeAsync(VdiUuid vdi, CancellationToken cancellationToken)
    {
        if ((await LookAsync(cancellationToken)).Find(vdi) is not null)
            throw SrFailure.AlreadyExists(vdi, tools.Device);
    }

    // Whoever reads it as it is may go on, if that goes on to be there.
    private async Task RequireUnusedAsync(LvmVolume volume, bool isToGo, CancellationToken cancellationToken)
    {
        if (!await mapped.IsFreeAsync(tools.Device, volume, isToGo, cancellationToken))
            throw InUse(volume);
    }

    private static XenApiException InUse(LvmVolume volume) => SrFailure.Backend(
        SrFailure.VdiInUse, $"VDI {volume.Name.Vdi} is open on this host: shut down the VM that uses it, then repeat.");
}
