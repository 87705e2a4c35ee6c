using System.Diagnostics;
using Redoubt.XenApi;
using static Redoubt.Storage.Tests.Sample;

namespace Redoubt.Storage.Tests.Rbd;

[Collection(CephCollection.Name)]
public sealed class RbdSrTests(CephSite site) : IAsyncLifetime
{
    private Dictionary<string, string> _config = [];
    private ISr? _sr;

    private ISr Sr => _sr!;

    public async ValueTask InitializeAsync()
    {
        site.Ceph.Require();
        _config = site.Ceph.Config(CephSite.Pools[0]);
        var uuid = NewSr();
        await site.Driver.CreateAsync(uuid, _config, Token);
        _sr = await site.Driver.AttachAsync(uuid, _config, SrAccess.ReadWrite, Token);
    }

    [Fact]
    public async Task A_probe_without_a_pool_lists_the_pools_that_storage_may_lie_in()
    {
        _config.Remove("pool");
        var all = await Assert.ThrowsAsync<XenApiException>(() => site.Driver.ProbeAsync(_config, Token));
        Assert.Equal("SR_BACKEND_FAILURE_101", all.Code);
        Assert.All(CephSite.Pools, pool => Assert.Contains($"<Name>{pool}</Name>", all.Parameters[2], StringComparison.Ordinal));
        var some = site.DriverWith(new HostRoots([], ["127.0.0.1:/more"], "/var/lib/redoubt"));
        var listed = (await Assert.ThrowsAsync<XenApiException>(() => some.ProbeAsync(_config, Token))).Parameters[2];
        Assert.DoesNotContain("vms", listed, StringComparison.Ordinal);
        Assert.Contains("more", listed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_is_open_elsewhere_and_one_that_a_test_stands_on_are_not_destroyed()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 1));
        await using (await Sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadWrite, Token))
        {
            await FailsAsync(24, () => Sr.DestroyVdiAsync(disk.Uuid, Token));
            await FailsAsync(24, () => Sr.ResizeVdiAsync(disk.Uuid, Mib, Token));
            await FailsAsync(24, () => WriteAsync(Sr, disk.Uuid, Content(4096, 2)));
        }

        var place = new Dictionary<string, string>(_config) { ["test"] = "true" };
        var clone = await Sr.CloneWritableAsync(new SrCloneConfig { Uuid = NewSr(), DeviceConfig = place }, Token);
        await using var test = clone.Sr;
        await FailsAsync(24, () => Sr.DestroyVdiAsync(disk.Uuid, Token));
        await test.DestroyVdiAsync(disk.Uuid, Token);
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        Assert.Empty(await Sr.ScanAsync(Token));
    }

    [Fact]
    public async Task Images_of_others_are_left_alone_and_what_was_about_to_take_a_place_is_the_disk()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 3));
        var image = $"vms/redoubt.{Sr.Uuid}.{disk.Uuid}";
        await site.Ceph.RunAsync("rbd", "create", "--size", "1M", "vms/other");
        await site.Ceph.RunAsync("rbd", "create", "--size", "1M", $"{image}.x");
        await site.Ceph.RunAsync("rbd", "rename", image, $"{image}.next");
        Assert.Equal(disk, Assert.Single(await Sr.ScanAsync(Token)));
        Assert.Equal(Content(4096, 3), await ReadAsync(Sr, disk.Uuid));
        await site.Ceph.RunAsync("rbd", "create", "--size", "4096B", image);
        Assert.Equal(new byte[4096], await ReadAsync(Sr, disk.Uuid));
        await Sr.DestroyVdiAsync(disk.Uuid, Token);
        Assert.Empty(await Sr.ScanAsync(Token));
        Assert.Contains("other", await site.Ceph.RunAsync("rbd", "ls", "vms"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_has_no_key_or_another_one_is_refused_in_a_sentence_without_it()
    {
        _config["key"] = "AQDDswxrVCUkIRAAMUgUqfqKwW2mqKvE/tKk9A==";
        var said = await FailsAsync(47, () => new LimitedSrDriver(site.Driver, TimeProvider.System).ProbeAsync(_config, Token));
        Assert.DoesNotContain(_config["key"], said, StringComparison.Ordinal);
        _config.Remove("key");
        _config.Remove("user");
        await FailsAsync(47, () => site.Driver.ProbeAsync(_config, Token));
    }

    [Fact]
    public async Task A_cluster_that_stands_still_is_said_within_the_limit_and_is_used_again_when_it_goes_on()
    {
        var limited = new LimitedSrDriver(site.Driver, TimeProvider.System);
        await using var sr = await limited.AttachAsync(Sr.Uuid, _config, SrAccess.ReadWrite, Token);
        var began = Stopwatch.GetTimestamp();
        site.Ceph.Signal("ceph-mon", "-STOP");
        try
        {
            var said = await FailsAsync(47, () => sr.CreateVdiAsync(new VdiConfig { Uuid = NewVdi(), VirtualSizeBytes = Mib }, Token));
            Assert.Contains("does not answer", said, StringComparison.Ordinal);
            Assert.DoesNotContain(_config["key"], said, StringComparison.Ordinal);
            Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromMinutes(1));
        }
        finally
        {
            site.Ceph.Signal("ceph-mon", "-CONT");
        }

        await Patience.UntilAsync(
            async () =>
            {
                try
                {
                    return (await sr.ScanAsync(Token)).Count == 0;
                }
                catch (XenApiException)
                {
                    return false;
                }
            },
            "the cluster is used again");
    }

    [Fact]
    public async Task A_device_goes_with_whoever_holds_it()
    {
        var disk = await NewDiskAsync(Sr, Content(4096, 4));
        await using (await Sr.OpenDeviceAsync(disk.Uuid, SrAccess.ReadOnly, Token))
            Assert.Single(Directory.GetFiles(site.Devices));
        Assert.Empty(Directory.GetFiles(site.Devices));
    }

    public async ValueTask DisposeAsync()
    {
        if (_sr is not null)
        {
            await _sr.DisposeAsync();
            await site.ClearAsync();
        }
    }
}
