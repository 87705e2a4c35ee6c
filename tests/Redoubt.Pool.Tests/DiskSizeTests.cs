using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What an SR's disks come to is kept with each that comes, grows and goes.</summary>
public sealed class DiskSizeTests
{
    [Fact]
    public async Task What_disks_come_to_is_kept_with_each_change_as_a_scan_finds_it()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var (one, other) = (await site.CreateVdiAsync(sr), await site.CreateVdiAsync(sr));
        await RequireAsync(2 << 20);
        await site.Client.CallAsync("VDI.resize", one, 5L << 20);
        await RequireAsync(6 << 20);
        var clone = await site.Client.CallAsync<Ref<VdiRecord>>("VDI.clone", one, TestSite.Map());
        await RequireAsync(11 << 20);
        await site.Client.CallAsync("VDI.destroy", one);
        await RequireAsync(6 << 20);
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        await RequireAsync((6 << 20) + site.All<VdiRecord>().Single(v => v.Type == VdiType.Metadata).VirtualSize);
        await site.Client.CallAsync("SR.disable_database_replication", sr);
        await RequireAsync(6 << 20);

        // One that was put there by hand counts as soon as it is found, and one that is forgotten no more.
        var place = Path.Combine(site.Root, "sr", site.Get(sr).Uuid);
        await using (var file = File.Create(Path.Combine(place, $"{Guid.NewGuid():D}.raw")))
        {
            file.SetLength(3 << 20);
        }

        await site.Client.CallAsync("SR.scan", sr);
        await RequireAsync(9 << 20);
        await site.Client.CallAsync("VDI.forget", other);
        Assert.Equal(8 << 20, site.Get(sr).VirtualAllocation);
        await site.Client.CallAsync("VDI.destroy", clone);
        Assert.Equal(3 << 20, site.Get(sr).VirtualAllocation);

        async Task RequireAsync(long bytes)
        {
            Assert.Equal(bytes, site.Get(sr).VirtualAllocation);
            await site.Client.CallAsync("SR.scan", sr);
            Assert.Equal(bytes, site.Get(sr).VirtualAllocation);
        }
    }

    [Fact]
    public async Task A_disk_that_is_made_grows_and_goes_does_not_have_the_others_looked_at()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var other = await site.CreateVdiAsync(sr);

        var path = Path.Combine(site.Root, "sr", site.Get(sr).Uuid, $"{site.Get(other).Uuid}.qcow2");
        var longAgo = DateTime.UnixEpoch.AddYears(30);
        File.SetLastAccessTimeUtc(path, longAgo);
        var changed = await site.CreateVdiAsync(sr);
        await site.Client.CallAsync("VDI.resize", changed, 2L << 20);
        await site.Client.CallAsync("VDI.destroy", changed);
        await site.Client.CallAsync("SR.update", sr);
        Assert.Equal(longAgo, File.GetLastAccessTimeUtc(path));
        Assert.Equal(1 << 20, site.Get(sr).VirtualAllocation);
        Assert.InRange(site.Get(sr).PhysicalUtilisation, 1, site.Get(sr).PhysicalSize);

        // That it would show.
        File.ReadAllBytes(path);
        Assert.SkipWhen(File.GetLastAccessTimeUtc(path) == longAgo, "The file system does not keep when a file was read.");
    }
}
