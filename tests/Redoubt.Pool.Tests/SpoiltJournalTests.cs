using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>The pool's own journal that is spoilt under the daemon is written anew, and no change is lost.</summary>
public sealed class SpoiltJournalTests
{
    private static VmRecord Lost => new()
    {
        NameLabel = "lost",
        MemoryStaticMax = 1 << 27,
        MemoryDynamicMax = 1 << 27,
        MemoryDynamicMin = 1 << 27,
        MemoryStaticMin = 1 << 26,
        VcpusMax = 1,
        VcpusAtStartup = 1,
    };

    [Fact]
    public async Task The_pool_s_own_journal_that_is_removed_under_the_daemon_is_written_anew_and_nothing_is_lost()
    {
        await using var site = await TestSite.OpenAsync();
        var path = Path.Combine(site.Root, "data", "pool.journal");
        var before = await site.CreateVmAsync("before");
        File.Delete(path);
        var after = await site.CreateVmAsync("after");
        var found = Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(path)).Content;
        var state = Redoubt.Database.StateDump.FromDump(found.Database);
        Assert.Equal(["before", "after"], [state.Get(before).NameLabel, state.Get(after).NameLabel]);

        // And with nobody changing anything.
        File.Delete(path);
        await Patience.UntilAsync(() => File.Exists(path) && JournalReader.Read(path) is JournalVerdict.Intact, "it is written anew");
        await Patience.UntilAsync(() => Has(site, "POOL_JOURNAL_HEALTHY"), "that is announced");
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal("after", site.Get(after).NameLabel);
    }

    [Theory]
    [InlineData("emptied")]
    [InlineData("cut")]
    [InlineData("cut by a byte")]
    [InlineData("garbage")]
    [InlineData("zeros")]
    [InlineData("a folder in its place")]
    public async Task The_pool_s_own_journal_that_is_spoilt_under_the_daemon_is_kept_and_written_anew(string accident)
    {
        await using var site = await TestSite.OpenAsync();
        var path = Path.Combine(site.Root, "data", "pool.journal");
        var before = await site.CreateVmAsync("before");
        var length = new FileInfo(path).Length;
        Accidents.Befall(path, accident);
        await Patience.UntilAsync(() => Has(site, "POOL_JOURNAL_HEALTHY"), "it is written anew and that is announced");
        var after = await site.CreateVmAsync("after");
        var state = Redoubt.Database.StateDump.FromDump(Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(path)).Content.Database);
        Assert.Equal(["before", "after"], [state.Get(before).NameLabel, state.Get(after).NameLabel]);

        Assert.True(Path.Exists(path + ".set-aside-1"));
        Assert.Equal(length, new FileInfo(path).Length);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal("after", site.Get(after).NameLabel);
    }

    [Fact]
    public async Task Another_journal_in_the_place_of_the_pool_s_own_is_not_written_over_and_no_change_is_made_meanwhile()
    {
        await using var other = await TestSite.OpenAsync();
        await using var site = await TestSite.OpenAsync();
        var path = Path.Combine(site.Root, "data", "pool.journal");
        File.Move(path, path + ".kept");
        Accidents.Copy(Path.Combine(other.Root, "data", "pool.journal"), path);
        Assert.Equal("INTERNAL_ERROR", (await site.Client.FailAsync("VM.create", Lost))[0]);
        var there = Assert.IsType<MetadataVolume.Readable>(MetadataVolume.Read(path));
        Assert.Equal(other.Daemon.Services.PoolUuid, there.PoolUuid);
        File.Move(path + ".kept", path, overwrite: true);
        await Patience.UntilAsync(() => site.Daemon.Services.Database.Own.Health == Redoubt.Database.JournalHealth.Healthy, "it goes on");
        await site.CreateVmAsync("after");
        Assert.DoesNotContain(site.All<VmRecord>(), v => v.NameLabel == "lost");
    }

    private static bool Has(TestSite site, string message) => site.All<MessageRecord>().Any(m => m.Name == message && m.Cls == Cls.Pool);
}
