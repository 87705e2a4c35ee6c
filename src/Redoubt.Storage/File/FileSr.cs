using Redoubt.Storage.Images;

namespace Redoubt.Storage.FileDriver;

/// <summary>An attached SR of the file driver. Holds no state but whether it is attached: the directory is the truth.</summary>
internal sealed class FileSr(
    SrHold hold, FileLocation location, SrDirectory directory, QemuImg images, string scratchDirectory,
    IAsyncDisposable? held = null) : ISr
{
    public SrUuid Uuid => hold.Uuid;

    public SrAccess Access => hold.Access;

    public Task<IReadOnlyList<VdiState>> ScanAsync(CancellationToken cancellationToken) => AskAsync(() => OwnThread.RunAsync(() =>
    {
        directory.RequireExists();
        return directory.Scan(cancellationToken);
    }, cancellationToken));

    public Task<SrState> StatAsync(CancellationToken cancellationToken) => AskAsync(() => OwnThread.RunAsync(() =>
    {
        directory.RequireExists();
        var volume = new DriveInfo(directory.FullPath);
        return new SrState
        {
            PhysicalSizeBytes = volume.TotalSize,
            PhysicalUtilisationBytes = volume.TotalSize - volume.TotalFreeSpace,
        };
    }, cancellationToken));

    public Task<VdiState> CreateVdiAsync(VdiConfig config, CancellationToken cancellationToken) => ChangeAsync(async () =>
    {
        var size = VdiSize.Normalise(config.Uuid, config.VirtualSizeBytes);
        var metadata = config.Type == VdiType.Metadata;
        var format = config.Format ?? (metadata ? DiskFormat.Raw : DiskFormat.Qcow2);
        if (metadata && format != DiskFormat.Raw)
            throw SrFailure.Backend(SrFailure.VdiType, $"VDI {config.Uuid} is metadata, which is always raw: leave out the format.");
        RequireFree(config.Uuid);

        using var work = WorkArea.CreateIn(directory.FullPath);
        var image = work.PathOf("image");
        if (format == DiskFormat.Qcow2)
            await images.CreateAsync(image, size, cancellationToken);
        else
            await CreateRawAsync(image, size, metadata ? RedoLogMagic.EmptyLog.ToArray() : [], cancellationToken);
        return Publish(image, config.Uuid, format);
    });

    public Task DestroyVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) => ChangeAsync(() =>
    {
        var files = directory.FilesOf(vdi);

        // Which of two files is the disk, only a person can tell; deleting both could delete the one that counts.
        if (files.Count > 1)
            directory.Find(vdi);
        foreach (var file in files)
        {
            if (file.Name is not null)
            {
                throw new XenApi.XenApiException(
                    "OPERATION_NOT_ALLOWED",
                    $"{file.FullPath} was there before the SR {Uuid} and is not Redoubt's to delete. Delete it by hand, if nobody "
                        + "needs it, "
                        + "then scan the SR.");
            }

            if (directory.TryRead(file) is { Unreadable: null })
                ImageUse.RequireNoUser(file);
            cancellationToken.ThrowIfCancellationRequested();
            DurableFile.Remove(file.FullPath);
        }

        return Task.FromResult(true);
    });

    public Task<VdiState> ResizeVdiAsync(VdiUuid vdi, long virtualSizeBytes, CancellationToken cancellationToken) => ChangeAsync(async () =>
    {
        var (file, state) = directory.Find(vdi);
        var size = VdiSize.NormaliseGrowth(vdi, state.VirtualSizeBytes, virtualSizeBytes);
        ImageUse.RequireNoUser(file);
        if (size != state.VirtualSizeBytes)
        {
            await images.ResizeAsync(file.FullPath, file.Format, size, cancellationToken);
            DurableFile.Flush(file.FullPath);
        }

        return directory.Find(vdi).State;
    });

    public Task<VdiState> CloneVdiAsync(VdiUuid source, VdiUuid clone, CancellationToken cancellationToken)
        => CopyAsync(source, clone, cancellationToken);

    public Task<VdiState> SnapshotVdiAsync(VdiUuid source, VdiUuid snapshot, CancellationToken cancellationToken)
        => CopyAsync(source, snapshot, cancellationToken);

    public Task ImportVdiAsync(VdiUuid vdi, Stream content, DiskFormat format, CancellationToken cancellationToken)
    {
        var sender = new WatchedStream(content);
        return ChangeAsync(async () =>
        {
            var (file, state) = directory.Find(vdi);
            ImageUse.RequireNoUser(file);
            using var work = WorkArea.CreateIn(directory.FullPath);
            var finished = await new ImportedImage(images, work).MakeAsync(state, sender, format, cancellationToken);

            // The last moment: a disk replaced after its import was cancelled would surprise.
            cancellationToken.ThrowIfCancellationRequested();
            ImageUse.RequireNoUser(file);
            DurableFile.Replace(finished, file.FullPath);
            return true;
        }, sender);
    }

    public Task<Stream> ExportVdiAsync(VdiUuid vdi, DiskFormat format, CancellationToken cancellationToken) => AskAsync<Stream>(async () =>
    {
        var (file, state) = directory.Find(vdi);
        if (file.Format == DiskFormat.Vhd)
            return await OwnThread.RunAsync(() => new VhdFolder(directory.FullPath).Export(file, format), cancellationToken);
        ImageUse.RequireNoWriter(file);

        // Most images need not be put together anew for that.
        if (file.Format == DiskFormat.Qcow2 && format == DiskFormat.Raw && location.BackingDirectory is null
            && await Qcow2Content.TryOpenAsync(images, file.FullPath, state.VirtualSizeBytes, cancellationToken) is { } content)
            return content;

        // An image that builds on another one must be converted even into its own format.
        if (file.Format == format && location.BackingDirectory is null)
            return new FileStream(Posix.OpenWithoutLinks(file.FullPath), FileAccess.Read, 1 << 16, isAsync: false);
        using var scratch = new ScratchFile(scratchDirectory);
        await images.ConvertAsync(file.FullPath, file.Format, scratch.FullPath, format, state.VirtualSizeBytes, cancellationToken);
        return scratch.OpenAndUnlink();
    });

    public Task<VdiState> StatVdiAsync(VdiUuid vdi, CancellationToken cancellationToken) =>
        AskAsync(() => Task.Run(() => directory.Find(vdi).State, cancellationToken));

    // A file is ready for whoever opens it, and nothing has to be undone.
    public Task<VdiAttachment> AttachVdiAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken) => AskAsync(() => Task.Run(
        () =>
        {
            hold.Require(wanted);
            var (file, _) = directory.Find(vdi);
            if (file.Format == DiskFormat.Vhd)
                throw SrFailure.OnlyRead(vdi, file.FullPath);
            return new VdiAttachment(vdi, wanted, new DiskSource.File(file.FullPath, file.Format));
        },
        cancellationToken));

    public Task<VdiDevice> OpenDeviceAsync(VdiUuid vdi, SrAccess wanted, CancellationToken cancellationToken) => AskAsync(() => Task.Run(
        () =>
        {
            hold.Require(wanted);
            var (file, _) = directory.Find(vdi);
            return file.Format == DiskFormat.Raw ? new VdiDevice(file.FullPath) : throw SrFailure.NotRaw(vdi);
        },
        cancellationToken));

    public Task<string> GetMarkAsync(VdiUuid? vdi, CancellationToken cancellationToken) => AskAsync(() => Task.Run(() =>
    {
        directory.RequireExists();
        if (vdi is not { } disk)
            return Posix.Mark(directory.FullPath);
        return directory.FilesOf(disk) is [var file, ..]
            ? Posix.Mark(file.FullPath)
            : throw SrFailure.NoSuchVdi(Uuid, disk, directory.FullPath);
    }, cancellationToken));

    public Task ProveWritesAsync(CancellationToken cancellationToken) => ChangeAsync(() =>
    {
        using var work = WorkArea.CreateIn(directory.FullPath);
        DurableFile.Write(work.PathOf("proof"), "1"u8);
        return Task.FromResult(true);
    });

    public Task<T> LookAsync<T>(Func<T> look, CancellationToken cancellationToken) => OwnThread.RunAsync(look, cancellationToken);

    public Task<WritableClone> CloneWritableAsync(SrCloneConfig config, CancellationToken cancellationToken)
        => AskAsync(async () =>
        {
            // One step only: a chain of clones would tie a test to storage that another test may remove.
            if (location.BackingDirectory is not null)
                throw SrFailure.NotSupported(Uuid);
            var target = await new SrCloning(location, directory, images).MakeAsync(config, cancellationToken);
            var clone = new SrDirectory(config.Uuid, target.Location.DirectoryOf(config.Uuid), target.Location.BackingDirectory);
            var deviceConfig = new Dictionary<string, string>(config.DeviceConfig);
            if (target.Location.BackingDirectory is { } backing)
                deviceConfig[FileLocation.BackingKey] = backing;
            return new WritableClone
            {
                Sr = new FileSr(new(config.Uuid, SrAccess.ReadWrite), target.Location, clone, images, scratchDirectory),
                DeviceConfig = deviceConfig,
                DependsOnSource = target.Location.BackingDirectory is not null,
                Skipped = target.Skipped,
            };
        });

    public async Task DetachAsync(CancellationToken cancellationToken)
    {
        hold.End();
        if (held is not null)
            await held.DisposeAsync();
    }

    public async ValueTask DisposeAsync() => await DetachAsync(CancellationToken.None);

    private static async Task CreateRawAsync(string path, long size, byte[] firstBytes, CancellationToken cancellationToken)
    {
        await using var file = SparseCopy.NewFile(path);
        file.SetLength(size);
        await file.WriteAsync(firstBytes, cancellationToken);
    }

    private Task<VdiState> CopyAsync(VdiUuid source, VdiUuid copy, CancellationToken cancellationToken) => ChangeAsync(async () =>
    {
        var (file, state) = directory.Find(source);
        RequireFree(copy);
        ImageUse.RequireNoWriter(file);
        using var work = WorkArea.CreateIn(directory.FullPath);
        var image = work.PathOf("image");

        // A file that shares its blocks with the other is a copy of its own all the same, and costs neither time nor space.
        if (location.BackingDirectory is not null || !Posix.TryShareBlocks(file.FullPath, image))
            await images.ConvertAsync(file.FullPath, file.Format, image, file.Format, state.VirtualSizeBytes, cancellationToken);
        return Publish(image, copy, file.Format);
    });

    private void RequireFree(VdiUuid vdi)
    {
        if (directory.FilesOf(vdi) is [var taken, ..])
            throw SrFailure.AlreadyExists(vdi, taken.FullPath);
    }

    private VdiState Publish(string image, VdiUuid vdi, DiskFormat format)
    {
        var file = directory.FileOf(vdi, format);
        return DurableFile.TryPublish(image, file.FullPath) ? directory.Find(vdi).State : throw SrFailure.AlreadyExists(vdi, file.FullPath);
    }

    private Task<T> AskAsync<T>(Func<Task<T>> operation)
    {
        hold.Require();
        return FileFailure.TranslateAsync(directory.FullPath, operation);
    }

    private Task<T> ChangeAsync<T>(Func<Task<T>> operation, WatchedStream? sender = null)
    {
        hold.Require(SrAccess.ReadWrite);

        // The parts that are not asynchronous (links, flushes) can wait long for a disk.
        return FileFailure.TranslateAsync(directory.FullPath, () => Task.Run(() =>
        {
            directory.RequireMounted();
            return operation();
        }), sender);
    }
}
