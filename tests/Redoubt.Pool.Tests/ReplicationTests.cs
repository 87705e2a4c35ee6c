using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class ReplicationTests
{
    [Fact]
    public async Task A_protected_SR_holds_the_database_and_can_be_let_go()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync("SR.assert_supports_database_replication", sr);
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var volume = Volume(site);
        Assert.True(site.Get(volume).MetadataLatest);
        Assert.Equal(site.Daemon.Services.Pool, site.Get(volume).MetadataOfPool);
        var standing = await site.Client.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>(
            "SR.get_database_replication_state", sr);
        Assert.Equal(("healthy", "0"), (standing["health"], standing["generations_behind"]));
        var vm = await site.CreateVmAsync("after");

        var foreign = site.Client.With(await site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume));
        Assert.Equal("after", await foreign.CallAsync<string>("VM.get_name_label", vm));
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        Assert.Equal(volume, Volume(site));
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VDI.destroy", volume))[0]);

        await site.Client.CallAsync("SR.disable_database_replication", sr);
        Assert.Empty(site.All<VdiRecord>());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), "*.raw", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_restarted_daemon_has_its_state_and_goes_on_replicating()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var volume = Volume(site);
        var before = await site.CreateVmAsync("before");
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        Assert.Equal("before", site.Get(before).NameLabel);
        Assert.True(site.Get(volume).MetadataLatest);
        var after = await site.CreateVmAsync("after");
        var foreign = site.Client.With(await site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume));
        Assert.Equal("after", await foreign.CallAsync<string>("VM.get_name_label", after));
    }

    [Fact]
    public async Task What_was_acknowledged_is_there_after_the_daemon_was_killed()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("acknowledged");

        // A kill leaves the journal as it is at this moment; nothing is finished or closed.
        var killed = Directory.CreateDirectory(Path.Combine(site.Root, "killed")).FullName;
        File.Copy(Path.Combine(site.Root, "data", "pool.journal"), Path.Combine(killed, "pool.journal"));
        var config = new PoolConfig { DataDirectory = killed, HypervisorUri = $"test://{Path.Combine(site.Root, "host.xml")}" };
        await using var again = await PoolDaemon.OpenAsync(config, TimeProvider.System, TestSite.Cancel);
        Assert.Equal("acknowledged", again.Services.State.Get(vm).NameLabel);
        Assert.Equal(site.Daemon.Services.Pool, again.Services.Pool);
    }

    [Fact]
    public async Task People_can_read_and_remove_messages()
    {
        await using var site = await TestSite.OpenAsync();
        var pool = site.Get(site.Daemon.Services.Pool).Uuid;
        var message = await site.Client.CallAsync<Ref<MessageRecord>>("message.create", "HELLO", 3L, Cls.Pool, pool, "text");
        Assert.Equal("text", (await site.Client.CallAsync<MessageRecord>("message.get_record", message)).Body);
        var all = await site.Client.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<Ref<MessageRecord>, MessageRecord>>(
            "message.get", Cls.Pool, pool, DateTimeOffset.UnixEpoch);
        Assert.Equal([message], all.Keys);
        await site.Client.CallAsync("message.destroy", message);
        Assert.Equal(
            ["UUID_INVALID", "pool", "nobody"], await site.Client.FailAsync("message.create", "HELLO", 3L, Cls.Pool, "nobody", "text"));
    }

    private static Ref<VdiRecord> Volume(TestSite site) =>
        Assert.Single(site.Daemon.Services.State.All<VdiRecord>(), v => v.Record.Type == VdiType.Metadata).Ref;
}
