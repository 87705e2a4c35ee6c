using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>A copy that isn't there, isn't ours or isn't current is never called healthy, and comes back by itself.</summary>
public sealed class DisplacedVolumeTests
{
    [Theory]
    [MemberData(nameof(Accidents.All), MemberType = typeof(Accidents))]
    public async Task A_volume_that_vanished_is_noticed_by_itself_announced_and_mended(string accident)
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, path) = await ProtectAsync(site);
        var before = await site.CreateVmAsync("before");
        Accidents.Befall(path, accident);

        // Nothing changes meanwhile: also an idle pool must notice.
        await Patience.UntilAsync(() => Has(site, "METADATA_LUN_BROKEN"), "it is announced");
        await Patience.UntilAsync(() => IsHealthy(site), "it is healthy again");
        await Patience.UntilAsync(() => Has(site, "METADATA_LUN_HEALTHY"), "that is announced too");
        // By the name of the SR, though the VDI may have made way for another by then.
        Assert.All(
            site.All<MessageRecord>().Where(m => m.Name.StartsWith("METADATA_LUN", StringComparison.Ordinal)),
            m => Assert.Contains("on SR sr", m.Body, StringComparison.Ordinal));
        var after = await site.CreateVmAsync("after");
        Assert.Equal("healthy", await HealthAsync(site, sr));
        var found = Read(site, sr);
        Assert.Equal(["before", "after"], [found.Get(before).NameLabel, found.Get(after).NameLabel]);
        Assert.True(Own(site, sr).MetadataLatest);

        // What took its place, if anything did, stays the only one of the pool.
        var own = Own(site, sr).Uuid;
        await site.Client.CallAsync("SR.scan", sr);
        Assert.Equal(own, Assert.Single(site.Get(sr).Vdis.Select(site.Get), v => !v.MetadataOfPool.IsNull).Uuid);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal("healthy", await HealthAsync(site, sr));
        Assert.Equal(own, Own(site, sr).Uuid);
    }

    [Theory]
    [MemberData(nameof(Accidents.All), MemberType = typeof(Accidents))]
    public async Task A_change_after_it_is_never_said_to_be_on_the_SR_when_it_is_not(string accident)
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, path) = await ProtectAsync(site);
        Accidents.Befall(path, accident);
        for (var i = 0; i < 20; i++)
        {
            var vm = await site.CreateVmAsync($"{i}");
            if (await HealthAsync(site, sr) == "healthy" && accident is not ("garbage" or "zeros"))
            {
                Assert.Equal($"{i}", Read(site, sr).Get(vm).NameLabel);
            }
        }

        await site.Client.CallAsync("SR.scan", sr);
        await Patience.UntilAsync(() => IsHealthy(site), "it is healthy again");
        Assert.Equal(20, Read(site, sr).All<VmRecord>().Count(v => !v.Record.IsControlDomain));
    }

    [Fact]
    public async Task Another_pool_s_volume_in_its_place_stays_as_it_is_and_ours_goes_into_a_new_one()
    {
        await using var other = await TestSite.OpenAsync();
        var (_, theirs) = await ProtectAsync(other);
        await other.CreateVmAsync("theirs");
        await using var site = await TestSite.OpenAsync();
        var (sr, path) = await ProtectAsync(site);
        var uuid = Own(site, sr).Uuid;
        Accidents.Copy(theirs, path + ".copy");
        File.Move(path + ".copy", path, overwrite: true);

        var vm = await site.CreateVmAsync("ours");
        await Patience.UntilAsync(() => Has(site, "METADATA_LUN_HEALTHY"), "it is healthy again");
        Assert.NotEqual(uuid, Own(site, sr).Uuid);
        Assert.Equal("ours", Read(site, sr).Get(vm).NameLabel);
        var kept = Assert.IsType<MetadataVolume.Readable>(MetadataVolume.Read(path));
        Assert.Equal(other.Daemon.Services.State.Get(other.Daemon.Services.Pool).Uuid, kept.PoolUuid);
        Assert.Contains(kept.State.All<VmRecord>(), v => v.Record.NameLabel == "theirs");

        // Nor does ending the protection take it.
        await site.Client.CallAsync("SR.disable_database_replication", sr);
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task A_volume_that_may_not_be_written_any_more_is_broken_until_it_may()
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, path) = await ProtectAsync(site);
        File.SetUnixFileMode(path, UnixFileMode.UserRead);
        await Patience.UntilAsync(() => Has(site, "METADATA_LUN_BROKEN"), "it is announced");
        var vm = await site.CreateVmAsync("meanwhile");
        Assert.NotEqual("healthy", await HealthAsync(site, sr));
        Assert.False(Own(site, sr).MetadataLatest);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await Patience.UntilAsync(() => IsHealthy(site), "it is healthy again");
        Assert.Equal("meanwhile", Read(site, sr).Get(vm).NameLabel);
    }

    [Fact]
    public async Task A_sync_of_the_database_notices_and_a_scan_mends()
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, path) = await ProtectAsync(site);
        Directory.Move(Path.GetDirectoryName(path)!, Path.GetDirectoryName(path)! + ".away");
        Assert.Contains(path, string.Join(' ', await site.Client.FailAsync("pool.sync_database")), StringComparison.Ordinal);
        Assert.NotEqual("healthy", await HealthAsync(site, sr));
        Directory.Move(Path.GetDirectoryName(path)! + ".away", Path.GetDirectoryName(path)!);
        File.Delete(path);
        await site.Client.CallAsync("SR.scan", sr);
        Assert.Equal("healthy", await HealthAsync(site, sr));
        await site.Client.CallAsync("pool.sync_database");
    }

    [Fact]
    public async Task A_volume_that_vanished_while_no_daemon_ran_is_made_anew()
    {
        await using var site = await TestSite.OpenAsync();
        var (sr, path) = await ProtectAsync(site);
        await site.Daemon.DisposeAsync();
        Accidents.Overwrite(path, file => RandomAccess.Write(file, [.. Enumerable.Repeat((byte)0x5a, 1 << 20)], 0));
        await site.StartAsync();
        Assert.Equal("healthy", await HealthAsync(site, sr));
        Assert.NotEqual(path, PathOf(site, sr));
    }

    [Fact]
    public async Task An_SR_that_is_unmounted_is_not_protected_on_the_disk_below_it_nor_changed_there()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("mounted");
        var folder = Path.Combine(site.Root, "mounted", site.Get(sr).Uuid);
        var pbd = site.Get(sr).Pbds.Single();
        await site.Client.CallAsync("PBD.unplug", pbd);
        Assert.SkipUnless(
            await Programs.RunAsync("mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", folder), "mounting is not permitted here");
        var away = Path.Combine(site.Root, "away");
        try
        {
            await site.Client.CallAsync("PBD.plug", pbd);
            await site.CreateVdiAsync(sr);
            await site.Client.CallAsync("SR.enable_database_replication", sr);
            Directory.CreateDirectory(away);
            Assert.True(await Programs.RunAsync("mount", "--bind", folder, away) && await Programs.RunAsync("umount", "-l", folder));
            await Patience.UntilAsync(() => Has(site, "METADATA_LUN_BROKEN"), "it is announced");

            // However often it is looked at, by whom, and by a daemon that starts, nothing is made below the storage.
            await site.CreateVmAsync("made meanwhile");
            await site.Client.CallAsync("SR.scan", sr);
            Assert.Equal("broken", await HealthAsync(site, sr));
            Assert.Equal(
                "SR_BACKEND_FAILURE_47",
                (await site.Client.FailAsync("VDI.create", new VdiRecord { NameLabel = "new", Sr = sr, VirtualSize = 1 << 20 }))[0]);
            await site.Daemon.DisposeAsync();
            await site.StartAsync();
            await site.Client.CallAsync("SR.scan", sr);
            Assert.NotEqual("healthy", await HealthAsync(site, sr));
            Assert.Empty(Directory.GetFileSystemEntries(folder));

            // It is back, and so is the copy.
            Assert.True(await Programs.RunAsync("mount", "--bind", away, folder));
            await site.Client.CallAsync("SR.scan", sr);
            await Patience.UntilAsync(() => IsHealthy(site), "it is healthy again");
            Assert.All(site.Get(sr).Vdis, v => Assert.False(site.Get(v).Missing));
        }
        finally
        {
            await site.Daemon.DisposeAsync();
            await Programs.RunAsync("umount", "-l", folder);
            await Programs.RunAsync("umount", "-l", away);
        }
    }

    private static async Task<(Ref<SrRecord> Sr, string Path)> ProtectAsync(TestSite site)
    {
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        return (sr, PathOf(site, sr));
    }

    private static VdiRecord Own(TestSite site, Ref<SrRecord> sr) =>
        Assert.Single(site.All<VdiRecord>(), v => v.Sr == sr && v.MetadataOfPool == site.Daemon.Services.Pool);

    private static string PathOf(TestSite site, Ref<SrRecord> sr) =>
        Path.Combine(site.Root, "sr", site.Get(sr).Uuid, Own(site, sr).Uuid + ".raw");

    private static Redoubt.Database.DatabaseState Read(TestSite site, Ref<SrRecord> sr) =>
        Assert.IsType<MetadataVolume.Readable>(MetadataVolume.Read(PathOf(site, sr))).State;

    private static bool IsHealthy(TestSite site) =>
        site.Daemon.Services.Database.Journals.Any(j => j.Health == Redoubt.Database.JournalHealth.Healthy);

    private static async Task<string> HealthAsync(TestSite site, Ref<SrRecord> sr) =>
        (await site.Client.CallAsync<ImmutableSortedDictionary<string, string>>("SR.get_database_replication_state", sr))["health"];

    private static bool Has(TestSite site, string message) => site.All<MessageRecord>().Any(m => m.Name == message && m.Cls == Cls.Pool);
}
