using Redoubt.Storage.Images;

namespace Redoubt.Storage.FileDriver;

/// <summary>
/// Makes the directory of a writable clone, put together aside and named in one step. Each disk is a file that shares its blocks with the
/// source's where the file system can do that, and else an overlay on it.
/// </summary>
internal sealed class SrCloning(FileLocation source, SrDirectory directory, QemuImg images)
{
    /// <summary>Makes the clone and says where it lies and what it lacks.</summary>
    public async Task<(FileLocation Location, IReadOnlyList<VdiState> Skipped)> MakeAsync(
        SrCloneConfig config, CancellationToken cancellationToken)
    {
        var target = FileLocation.Parse(config.DeviceConfig).Resolve(null) with { BackingDirectory = null };
        RequireApart(target);
        target.RequireWritable(SrFailure.SrCreate);
        FileSrDriver.RequireFree(target.DirectoryOf(config.Uuid));
        directory.RequireExists();
        var found = directory.Scan(cancellationToken);
        var wanted = found.Where(vdi => vdi is { Unreadable: null, Type: VdiType.User, IsHidden: false } && config.Has(vdi.Uuid)).ToList();
        RequireDistinct(wanted, config.VdiUuids);

        WorkArea.Sweep(target.Root);
        using var work = WorkArea.CreateIn(target.Root);
        var made = work.PathOf("sr");
        Directory.CreateDirectory(made);
        foreach (var vdi in wanted)
        {
            var uuid = config.VdiUuids.GetValueOrDefault(vdi.Uuid, vdi.Uuid);
            var backing = directory.Find(vdi.Uuid).File.FullPath;
            var copy = new VdiFile(made, uuid, vdi.Format).FullPath;
            if (vdi.Format == DiskFormat.Vhd)
            {
                copy = new VdiFile(made, uuid, DiskFormat.Qcow2).FullPath;
                await CopyAsync(directory.FileOf(vdi.Uuid, vdi.Format), copy, cancellationToken);
            }
            else if (!Posix.TryShareBlocks(backing, copy))
            {
                copy = new VdiFile(made, uuid, DiskFormat.Qcow2).FullPath;
                await images.CreateOverlayAsync(copy, backing, vdi.Format, vdi.VirtualSizeBytes, cancellationToken);
                target = target with { BackingDirectory = directory.FullPath };
            }

            DurableFile.Flush(copy);
        }

        DurableFile.PublishDirectory(made, target.DirectoryOf(config.Uuid));
        return (target, [.. found.Where(vdi => vdi.Unreadable is not null && config.Has(vdi.Uuid))]);
    }

    // A chain of XenServer's is nothing that QEMU could build on.
    private static async Task CopyAsync(VdiFile from, string to, CancellationToken cancellationToken)
    {
        await using var content = await OwnThread.RunAsync(
            () => new VhdFolder(from.Directory).Export(from, DiskFormat.Qcow2), cancellationToken);
        await using var file = SparseCopy.NewFile(to);
        await content.CopyToAsync(file, 1 << 20, cancellationToken);
    }

    /// <summary>Two disks must not be cloned into one: the second would silently take the place of the first.</summary>
    private static void RequireDistinct(IReadOnlyList<VdiState> wanted, IReadOnlyDictionary<VdiUuid, VdiUuid> uuids)
    {
        var twice = wanted.GroupBy(vdi => uuids.GetValueOrDefault(vdi.Uuid, vdi.Uuid)).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
            throw SrFailure.Backend(SrFailure.InvalidArgument, $"Two disks are mapped to the UUID {twice.Key}: give each its own.");
    }

    /// <summary>What is mirrored to another site must not receive a test's writes, nor the source be written at all.</summary>
    private void RequireApart(FileLocation target)
    {
        var relative = Path.GetRelativePath(source.Root, target.Root);
        if (relative == "." || !(relative == ".." || relative.StartsWith("../", StringComparison.Ordinal)))
        {
            throw SrFailure.Backend(
                SrFailure.InvalidArgument,
                $"The clone would lie in {target.Root}, inside the source's location {source.Root}: choose a directory outside of it.");
        }
    }
}
