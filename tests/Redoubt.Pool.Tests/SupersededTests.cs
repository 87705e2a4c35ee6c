using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Two daemons on copies of one data directory: one of them has the volume, and the other knows.</summary>
public sealed class SupersededTests
{
    [Fact]
    public async Task The_later_daemon_has_the_volume_and_the_older_acknowledges_nothing_more_there_and_says_so()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var path = PathOf(site, sr);
        var copy = Directory.CreateDirectory(Path.Combine(site.Root, "restored")).FullName;
        Copy(Path.Combine(site.Root, "data", "pool.journal"), Path.Combine(copy, "pool.journal"));
        await using var later = await PoolDaemon.OpenAsync(
            new PoolConfig { DataDirectory = copy, HypervisorUri = $"test://{Path.Combine(site.Root, "host.xml")}" }, TimeProvider.System,
            TestSite.Cancel);
        var client = new TestClient(
            later,
            await later.Services.Sessions.OpenAsync(SessionOwner.Root, "test", later.Services.Hosts.Local.Host, null, TestSite.Cancel));

        // At once, not at the next look: a change that is acknowledged now is not on the volume.
        var lost = await site.CreateVmAsync("at the older");
        var standing = await StandingAsync(site.Client, sr);
        Assert.Equal("superseded", standing["health"]);
        Assert.Contains(copy, standing["reason"], StringComparison.Ordinal);
        Assert.Contains(Environment.MachineName, standing["reason"], StringComparison.Ordinal);
        await Patience.UntilAsync(
            () => Messages(site.Daemon).Any(m => m.Name == "METADATA_LUN_SUPERSEDED" && m.Body.Contains(copy, StringComparison.Ordinal)),
            "it is announced");
        Assert.False(site.Get(Own(site, sr)).MetadataLatest);

        var vm = await client.CallAsync<Ref<VmRecord>>("VM.create", NewVm("at the later"));
        Assert.Equal("healthy", (await StandingAsync(client, sr))["health"]);
        var found = Assert.IsType<MetadataVolume.Readable>(MetadataVolume.Read(path));
        Assert.Equal(("at the later", null), (found.State.Get(vm).NameLabel, found.State.Find(lost)?.NameLabel));
        Assert.Equal(copy, found.Owner!.Directory);

        // It is not the older one's to sync or to destroy, and it does not come back by itself.
        Assert.Contains(copy, string.Join(' ', await site.Client.FailAsync("pool.sync_database")), StringComparison.Ordinal);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("SR.disable_database_replication", sr))[0]);
        await site.Client.CallAsync("SR.scan", sr);
        Assert.Equal("superseded", (await StandingAsync(site.Client, sr))["health"]);
        Assert.Equal("healthy", (await StandingAsync(client, sr))["health"]);

        // But when somebody says so.
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        Assert.Equal("healthy", (await StandingAsync(site.Client, sr))["health"]);
        await Patience.UntilAsync(
            () => later.Services.Database.Journals.Single().Health == JournalHealth.Superseded,
            "the idle one learns that it is its turn to stop");
        Assert.Equal("at the older", Assert.IsType<MetadataVolume.Readable>(MetadataVolume.Read(path)).State.Get(lost).NameLabel);
    }

    [Fact]
    public async Task An_idle_daemon_learns_that_its_volume_was_taken_over()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var copy = Directory.CreateDirectory(Path.Combine(site.Root, "restored")).FullName;
        Copy(Path.Combine(site.Root, "data", "pool.journal"), Path.Combine(copy, "pool.journal"));
        await using (await PoolDaemon.OpenAsync(
            new PoolConfig { DataDirectory = copy, HypervisorUri = $"test://{Path.Combine(site.Root, "host.xml")}" }, TimeProvider.System,
            TestSite.Cancel))
        {
            await Patience.UntilAsync(() => Messages(site.Daemon).Any(m => m.Name == "METADATA_LUN_SUPERSEDED"), "it is announced");
        }

        // The other one is gone: who goes on is said by people, not guessed. A restart is such a word.
        Assert.Equal("superseded", (await StandingAsync(site.Client, sr))["health"]);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal("healthy", (await StandingAsync(site.Client, sr))["health"]);
    }

    private static VmRecord NewVm(string name) => new()
    {
        NameLabel = name,
        MemoryStaticMin = 1 << 26,
        MemoryDynamicMin = 1 << 27,
        MemoryDynamicMax = 1 << 27,
        MemoryStaticMax = 1 << 27,
        VcpusMax = 1,
        VcpusAtStartup = 1,
    };

    private static IEnumerable<MessageRecord> Messages(PoolDaemon daemon) =>
        daemon.Services.State.All<MessageRecord>().Select(m => m.Record);

    private static Ref<VdiRecord> Own(TestSite site, Ref<SrRecord> sr) =>
        Assert.Single(
            site.Daemon.Services.State.All<VdiRecord>(),
            v => v.Record.Sr == sr && v.Record.MetadataOfPool == site.Daemon.Services.Pool).Ref;

    private static string PathOf(TestSite site, Ref<SrRecord> sr) =>
        Path.Combine(site.Root, "sr", site.Get(sr).Uuid, site.Get(Own(site, sr)).Uuid + ".raw");

    private static Task<ImmutableSortedDictionary<string, string>> StandingAsync(TestClient client, Ref<SrRecord> sr) =>
        client.CallAsync<ImmutableSortedDictionary<string, string>>("SR.get_database_replication_state", sr);

    private static void Copy(string from, string to)
    {
        using var copy = Process.Start("cp", ["--sparse=always", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }
}
