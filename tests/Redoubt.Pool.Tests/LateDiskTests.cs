namespace Redoubt.Pool.Tests;

/// <summary>A disk that storage has made later than anybody waited for is nobody's.</summary>
public sealed class LateDiskTests
{
    [Fact]
    public async Task No_scan_records_a_disk_that_is_noted_as_being_made_and_the_next_daemon_removes_it()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var disk = await site.CreateVdiAsync(sr);
        var late = Guid.NewGuid();
        await site.Daemon.Services.Database.WriteAsync(tx => DisksInMaking.Begin(tx, sr, new Storage.VdiUuid(late)), TestSite.Cancel);
        var folder = Path.Combine(site.Root, "sr", site.Get(sr).Uuid);
        File.Copy(Path.Combine(folder, $"{site.Get(disk).Uuid}.qcow2"), Path.Combine(folder, $"{late:D}.qcow2"));

        await site.Client.CallAsync("SR.scan", sr);
        Assert.Equal(disk, Assert.Single(site.Get(sr).Vdis));
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.False(File.Exists(Path.Combine(folder, $"{late:D}.qcow2")));
        Assert.DoesNotContain(DisksInMaking.Key, site.Get(sr).OtherConfig.Keys);
        Assert.Equal(disk, Assert.Single(site.Get(sr).Vdis));
    }
}
