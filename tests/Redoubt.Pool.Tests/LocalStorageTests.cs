using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>A pool whose storage is a block device, which the daemon mounts by itself.</summary>
public sealed class LocalStorageTests
{
    [Fact]
    public async Task A_protected_SR_is_mounted_again_by_the_next_daemon_and_its_copy_is_found_when_the_database_is_gone()
    {
        await using var site = await TestSite.OpenAsync();
        var device = await AttachAsync(Path.Combine(site.Root, "disk"));
        try
        {
            var config = TestSite.Map(("device", device));
            var sr = await site.Client.CallAsync<Ref<SrRecord>>(
                "SR.create", site.Daemon.Services.Hosts.Local.Host, config, 0L, "disks", "", "ext", "user", true, TestSite.Map());
            var vdi = await site.CreateVdiAsync(sr);
            await site.Client.CallAsync("SR.enable_database_replication", sr);

            await site.Daemon.DisposeAsync();
            Assert.DoesNotContain(device, await File.ReadAllTextAsync("/proc/self/mountinfo", TestSite.Cancel), StringComparison.Ordinal);
            await site.StartAsync();
            Assert.True(site.Get(site.Get(sr).Pbds.Single()).CurrentlyAttached);
            Assert.False(site.Get(vdi).Missing);
            var state = await site.Client.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>(
                "SR.get_database_replication_state", sr);
            Assert.Equal("healthy", state["health"]);
            var uuid = site.Get(sr).Uuid;

            await site.Daemon.DisposeAsync();
            File.Delete(Path.Combine(site.Root, "data", "pool.journal"));
            var advice = (await Assert.ThrowsAnyAsync<Exception>(site.StartAsync)).Message;
            Assert.Contains($"device={device}", advice, StringComparison.Ordinal);
            Assert.Contains($"name the directory {uuid} in it", advice, StringComparison.Ordinal);
        }
        finally
        {
            await site.Daemon.DisposeAsync();
            await Programs.ReadAsync("losetup", "--detach", device);
        }
    }

    private static async Task<string> AttachAsync(string image)
    {
        await using (var made = File.Create(image))
        {
            // A metadata volume has a size of its own, of which little is ever written.
            made.SetLength(8L << 30);
        }

        var (exitCode, device) = await Programs.ReadAsync("losetup", "--find", "--show", image);
        Assert.SkipUnless(exitCode == 0, "A block device can't be made here.");
        return device.Trim();
    }
}
