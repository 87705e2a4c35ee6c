using System.Collections.Immutable;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Rules 1 to 3 of recovery: what is protected, from when on, and that it is said when it no longer is.</summary>
public sealed class ProtectionTests
{
    [Fact]
    public async Task Rule01_any_number_of_SRs_is_protected_and_each_holds_the_whole_database()
    {
        await using var site = await TestSite.OpenAsync();
        foreach (var name in new[] { "one", "two", "three" })
        {
            await site.Client.CallAsync("SR.enable_database_replication", await site.CreateSrAsync(name));
        }

        var vm = await site.CreateVmAsync("after");
        var volumes = site.Daemon.Services.State.All<VdiRecord>().Where(v => v.Record.Type == VdiType.Metadata).Select(v => v.Ref).ToList();
        Assert.Equal(3, volumes.Count);
        foreach (var volume in volumes)
        {
            Assert.True(site.Get(volume).MetadataLatest);
            var foreign = site.Client.With(await site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume));
            Assert.Equal("after", await foreign.CallAsync<string>("VM.get_name_label", vm));
            Assert.Equal(3, foreign.Session.Foreign!.All<SrRecord>().Count());
        }
    }

    [Fact]
    public async Task Rule02_what_is_called_protected_can_be_read_back_from_the_storage()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var generation = site.Daemon.Services.State.Generation;
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var path = Assert.Single(Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), "*.raw", SearchOption.AllDirectories));
        var read = Assert.IsType<JournalVerdict.Intact>(JournalReader.Read(path));
        Assert.True(read.Content.Generation >= generation);
    }

    [Fact]
    public async Task Rule02_storage_that_does_not_keep_the_database_is_not_called_protected()
    {
        await using var site = await TestSite.OpenAsync();
        await WithSpaceAsync(Path.Combine(site.Root, "small"), "32k", async () =>
        {
            var sr = await site.CreateSrAsync("small");
            Assert.Equal("CANNOT_ENABLE_REDO_LOG", (await site.Client.FailAsync("SR.enable_database_replication", sr))[0]);
            Assert.Empty(site.All<VdiRecord>());
            Assert.Equal("false", (await StandingAsync(site, sr))["enabled"]);
            await UnplugAsync(site);
        });
    }

    [Fact]
    public async Task Rule03_a_broken_journal_is_announced_on_the_pool_with_its_lag_and_so_is_its_recovery()
    {
        await using var site = await TestSite.OpenAsync();
        await WithSpaceAsync(Path.Combine(site.Root, "small"), "3m", async () =>
        {
            var sr = await site.CreateSrAsync("small");
            await site.Client.CallAsync("SR.enable_database_replication", sr);
            var vm = await site.CreateVmAsync("one");
            await site.Client.CallAsync("VM.set_name_description", vm, new string('x', 4 << 20));
            await UntilAsync(() => Has(site, "METADATA_LUN_BROKEN"));
            await site.Client.CallAsync("VM.set_name_label", vm, "the pool goes on");
            var standing = await StandingAsync(site, sr);
            Assert.Equal("broken", standing["health"]);
            Assert.NotEqual("0", standing["generations_behind"]);
            Assert.False(site.All<VdiRecord>().Single().MetadataLatest);

            Assert.True(await Programs.RunAsync("mount", "-o", "remount,size=100m", Path.Combine(site.Root, "small")));
            await UntilAsync(() => Has(site, "METADATA_LUN_HEALTHY"));
            Assert.Equal(
                ("healthy", "0"), ((await StandingAsync(site, sr))["health"], (await StandingAsync(site, sr))["generations_behind"]));
            await UnplugAsync(site);
        });
    }

    private static bool Has(TestSite site, string message) => site.All<MessageRecord>().Any(m => m.Name == message && m.Cls == Cls.Pool);

    private static Task<ImmutableSortedDictionary<string, string>> StandingAsync(TestSite site, Ref<SrRecord> sr) =>
        site.Client.CallAsync<ImmutableSortedDictionary<string, string>>("SR.get_database_replication_state", sr);

    private static Task UnplugAsync(TestSite site) =>
        site.Client.CallAsync("PBD.unplug", site.Daemon.Services.State.All<PbdRecord>().Single().Ref);

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestSite.Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    // A file system of its own, which can be full without anybody else noticing.
    private static async Task WithSpaceAsync(string path, string size, Func<Task> act)
    {
        Directory.CreateDirectory(path);
        Assert.SkipUnless(
            await Programs.RunAsync("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", path), "mounting is not permitted here");
        try
        {
            await act();
        }
        finally
        {
            // Lazily, so that a test that failed leaves no mount behind though the SR is still attached.
            await Programs.RunAsync("umount", "-l", path);
        }
    }
}
