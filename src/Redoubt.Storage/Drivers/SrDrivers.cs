using System.Diagnostics.Metrics;
using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Images;
using Redoubt.Storage.IsoDriver;
using Redoubt.Storage.LvmDriver;
using Redoubt.Storage.Mounted;
using Redoubt.Storage.RbdDriver;

namespace Redoubt.Storage.Drivers;

/// <summary>The kinds of storage that there are. Whoever adds one adds it here, and in no other place.</summary>
public static class SrDrivers
{
    /// <summary>All of them, none of which keeps anybody waiting without a limit, and each of which counts what it does.</summary>
    /// <param name="images">Makes and converts images.</param>
    /// <param name="scratch">A directory for what is put together outside all SRs.</param>
    /// <param name="mounts">A directory for the file systems that drivers mount.</param>
    /// <param name="roots">Where storage may lie.</param>
    /// <param name="meter">What is counted in.</param>
    /// <param name="time">The clock.</param>
    public static IReadOnlyList<ISrDriver> All(
        QemuImg images, string scratch, string mounts, HostRoots roots, Meter meter, TimeProvider time)
    {
        var files = new FileSrDriver(images, scratch, roots);
        var mounted = new HostMounts(mounts, time);
        ISrDriver[] all =
        [
            files,
            new FolderSrDriver(files),
            .. new[] { FileSystemKind.Ext, FileSystemKind.Xfs, FileSystemKind.Btrfs }.Select(
                kind => new LocalSrDriver(kind, files, mounted, roots, time)),
            new NfsSrDriver(files, mounted, roots, time),
            new LvmSrDriver(images, scratch, roots, time),
            new RbdSrDriver(images, scratch, Path.Combine(mounts, "rbd"), roots, time),
            new IsoSrDriver(mounted, roots),
        ];
        return [.. all.Select(driver => new CountedSrDriver(new LimitedSrDriver(driver, time), meter, time))];
    }
}
