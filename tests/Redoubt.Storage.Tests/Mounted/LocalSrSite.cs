using Redoubt.Storage.FileDriver;
using Redoubt.Storage.Mounted;

namespace Redoubt.Storage.Tests.Mounted;

/// <summary>A driver of SRs on block devices, and two of those.</summary>
internal sealed class LocalSrSite : IAsyncDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly FileSystemKind _kind;
    private readonly List<LoopDisk> _disks = [];

    private LocalSrSite(FileSystemKind kind)
    {
        _kind = kind;
        Driver = Reopen();
    }

    public LocalSrDriver Driver { get; }

    public FileSrDriver Files => new(Sample.Images, _temp.In("scratch"));

    public LoopDisk Disk => _disks[0];

    /// <summary>Where the driver has the first disk mounted.</summary>
    public string MountPoint => Directory.GetDirectories(_temp.In("mounts")).Single(
        d => Path.GetFileName(d).EndsWith(MountedSrDriver.KeyOf(Disk.Device), StringComparison.Ordinal));

    public static async Task<LocalSrSite> OpenAsync(FileSystemKind kind)
    {
        var site = new LocalSrSite(kind);
        await site.AddDiskAsync();
        return site;
    }

    /// <summary>The driver as a daemon has it that has just been started.</summary>
    public LocalSrDriver Reopen(HostRoots? roots = null) =>
        new(_kind, Files, new HostMounts(_temp.In("mounts"), TimeProvider.System), roots, TimeProvider.System);

    public async Task<LoopDisk> AddDiskAsync(long bytes = 320 << 20, string? name = null, bool isReadOnly = false)
    {
        _disks.Add(await LoopDisk.OpenAsync(_temp.In(name ?? $"disk{_disks.Count}"), bytes, isReadOnly));
        return _disks[^1];
    }

    public Dictionary<string, string> Config(int number = 0) => new() { ["device"] = _disks[number].Device };

    public Task<string> DigestAsync(int number) => _disks[number].DigestAsync();

    public string NewDirectory(string name) => _temp.NewDirectory(name);

    public async ValueTask DisposeAsync()
    {
        foreach (var left in Directory.Exists(_temp.In("mounts")) ? Directory.GetDirectories(_temp.In("mounts")) : [])
        {
            if (MountTable.Find(left) is not null)
                await LoopDisk.RunAsync("umount", left);
        }

        foreach (var disk in _disks)
            await disk.DisposeAsync();
        _temp.Dispose();
    }
}
