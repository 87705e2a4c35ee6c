using Redoubt.Storage.RbdDriver;

namespace Redoubt.Storage.Tests.Rbd;

/// <summary>One cluster for all tests that take one, and the driver on it.</summary>
public sealed class CephSite : IAsyncLifetime
{
    public static readonly string[] Pools = ["vms", "more"];

    private readonly TempDirectory _temp = new();

    public SmallCeph Ceph { get; private set; } = null!;

    internal RbdSrDriver Driver => DriverWith(null);

    public string Devices => _temp.In("devices");

    internal RbdSrDriver DriverWith(HostRoots? roots) =>
        new(Sample.Images, _temp.In("scratch"), Devices, roots, TimeProvider.System);

    public async ValueTask InitializeAsync() => Ceph = await SmallCeph.StartAsync(Pools);

    /// <summary>Empties the pools.</summary>
    public async Task ClearAsync()
    {
        foreach (var pool in Pools)
        {
            foreach (var image in (await Ceph.RunAsync("rbd", "ls", pool)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                await Ceph.RunAsync("rbd", "rm", "--no-progress", $"{pool}/{image}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Ceph.DisposeAsync();
        _temp.Dispose();
    }
}
