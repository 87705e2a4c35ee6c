using Redoubt.Storage.LvmDriver;
using Redoubt.Storage.Tests.Mounted;

namespace Redoubt.Storage.Tests.Lvm;

/// <summary>The driver of SRs in volume groups, and devices for those.</summary>
internal sealed class LvmSite : IAsyncDisposable
{
    private readonly TempDirectory _temp = new();
    private readonly List<LoopDisk> _disks = [];

    private LvmSite() => Driver = DriverWith(null);

    public LvmSrDriver Driver { get; }

    public string Device => _disks[0].Device;

    public static async Task<LvmSite> OpenAsync(long bytes = 64 << 20)
    {
        var site = new LvmSite();
        await site.AddDiskAsync(bytes);
        return site;
    }

    public LvmSrDriver DriverWith(HostRoots? roots) => new(Sample.Images, _temp.In("scratch"), roots, TimeProvider.System);

    public async Task<LoopDisk> AddDiskAsync(long bytes, string? image = null, bool isReadOnly = false)
    {
        _disks.Add(await LoopDisk.OpenAsync(image ?? _temp.In($"disk{_disks.Count}"), bytes, isReadOnly));
        return _disks[^1];
    }

    public Dictionary<string, string> Config(int number = 0) => new() { ["device"] = _disks[number].Device };

    public Task<string> DigestAsync(int number = 0) => _disks[number].DigestAsync();

    public string In(string name) => _temp.In(name);

    public string Image(int number = 0) => _disks[number].Image;

    public async ValueTask DisposeAsync()
    {
        foreach (var disk in _disks)
            await disk.DisposeAsync();
        _temp.Dispose();
    }
}
