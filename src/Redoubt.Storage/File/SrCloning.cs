using Redoubt.Storage.Images;

namespace Redoubt.Storage.FileDriver;

/// <summary>Makes the directory of a writable clone: an overlay for each disk, put together aside and named in one step.</summary>
internal sealed class SrCloning(FileLocation source, SrDirectory directory, QemuImg images)
{
    /// <summary>Makes the clone and says where it lies and what it lacks.</summary>
    public async Task<(FileLocation Location, IReadOnlyList<VdiState> Skipped)> MakeAsync(
        SrCloneConfig config, CancellationToken cancellationToken)
    {
        var target = FileLocation.Parse(config.DeviceConfig) with { BackingDirectory = directory.FullPath };
        RequireApart(target);
        target.RequireWritable(SrFailure.SrCreate);
        FileSrDriver.RequireFree(target.DirectoryOf(config.Uuid));
        directory.RequireExists();
        var found = directory.Scan(cancellationToken);
        var wanted = found.Where(vdi => vdi is { Unreadable: null, Type: VdiType.User }).ToList();
        RequireDistinct(wanted, config.VdiUuids);

        WorkArea.Sweep(target.Root);
        using var work = WorkArea.CreateIn(target.Root);
        var made = work.PathOf("sr");
        Directory.CreateDirectory(made);
        foreach (var vdi in wanted)
        {
            var overlay = new VdiFile(made, config.VdiUuids.GetValueOrDefault(vdi.Uuid, vdi.Uuid), DiskFormat.Qcow2).FullPath;
            var backing = directory.FileOf(vdi.Uuid, vdi.Format).FullPath;
            await images.CreateOverlayAsync(overlay, backing, vdi.Format, vdi.VirtualSizeBytes, cancellationToken);
            DurableDirectory.FlushFile(overlay);
        }

        DurableDirectory.PublishDirectory(made, target.DirectoryOf(config.Uuid));
        return (target, [.. found.Where(vdi => vdi.Unreadable is not null)]);
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
