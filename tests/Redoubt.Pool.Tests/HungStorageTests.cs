using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Storage that hangs holds up what depends on it, and nothing else.</summary>
[Trait("Needs", "time")]
public sealed class HungStorageTests
{
    /// <summary>Longer than any limit, and far shorter than for ever.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_VM_starts_while_an_SR_hangs_that_it_has_no_disk_on()
    {
        await using var site = await TestSite.OpenAsync();
        var (good, bad) = (await site.CreateSrAsync("good"), await site.CreateSrAsync("bad"));
        var (without, there, elsewhere) = (await site.CreateVmAsync("without"), await site.CreateVmAsync("there"), await site.CreateVmAsync("elsewhere"));
        await site.CreateVbdAsync(there, await site.CreateVdiAsync(bad));
        await site.CreateVbdAsync(elsewhere, await site.CreateVdiAsync(good));
        await site.Client.CallAsync("SR.enable_database_replication", good);

        using (HungStorage.Over(Path.Combine(site.Root, "bad")))
        {
            // Once they wait for a limit; from then on it is known.
            await site.Client.CallAsync("VM.start", without, false, false).WaitAsync(Enough, TestSite.Cancel);
            await site.Client.CallAsync("VM.start", elsewhere, false, false).WaitAsync(Enough, TestSite.Cancel);
            await site.Client.CallAsync("VM.hard_shutdown", elsewhere).WaitAsync(Enough, TestSite.Cancel);

            var asked = Stopwatch.StartNew();
            var refusals = await Task.WhenAll(
                site.Client.FailAsync("VM.start", there, false, false),
                site.Client.FailAsync("VM.assert_can_boot_here", there, site.Host),
                site.Client.FailAsync("SR.scan", bad),
                site.Client.FailAsync("SR.update", bad),
                site.Client.FailAsync("VDI.create", new VdiRecord { NameLabel = "new", Sr = bad, VirtualSize = 1 << 20 }),
                site.Client.FailAsync("VDI.resize", site.Get(bad).Vdis[0], 2L << 20),
                site.Client.FailAsync(
                    "SR.probe", site.Host, TestSite.Map(("location", Path.Combine(site.Root, "bad"))), "file",
                    TestSite.Map())).WaitAsync(Enough, TestSite.Cancel);
            Assert.All(refusals, r => Assert.Equal("SR_BACKEND_FAILURE_47", r[0]));
            Assert.All(refusals, r => Assert.Contains("does not answer", r[2], StringComparison.Ordinal));
            Assert.All(site.Get(bad).Vdis, v => Assert.False(site.Get(v).Missing));
            Assert.Empty(site.Get(there).CurrentOperations);

            Assert.Equal("SR_BACKEND_FAILURE_47", (await site.Client.FailAsync("VM.clone", there, "clone"))[0]);

            // The rest of the pool goes on.
            await site.Client.CallAsync("SR.scan", good).WaitAsync(Enough, TestSite.Cancel);
            await site.Client.CallAsync("VM.start", elsewhere, false, false).WaitAsync(Enough, TestSite.Cancel);
        }

        // And so does the SR, when it is back.
        await Patience.UntilAsync(() => Succeeds(site, "SR.scan", bad), "the SR answers again");
        await site.Client.CallAsync("VM.start", there, false, false);
    }

    [Fact]
    public async Task A_daemon_starts_while_an_SR_hangs()
    {
        await using var site = await TestSite.OpenAsync();
        var (good, bad) = (await site.CreateSrAsync("good"), await site.CreateSrAsync("bad"));
        var vm = await site.CreateVmAsync("vm");
        await site.CreateVbdAsync(vm, await site.CreateVdiAsync(good));
        await site.Daemon.DisposeAsync();
        using (HungStorage.Over(Path.Combine(site.Root, "bad")))
        {
            await site.StartAsync().WaitAsync(Enough, TestSite.Cancel);
            Assert.False(site.Get(site.Get(bad).Pbds.Single()).CurrentlyAttached);
            Assert.Contains(site.All<MessageRecord>(), m => m.Name == "PBD_PLUG_FAILED_ON_SERVER_START" && m.ObjUuid == site.Get(bad).Uuid);
            await site.Client.CallAsync("VM.start", vm, false, false);
        }

        await Patience.UntilAsync(() => Succeeds(site, "PBD.plug", site.Get(bad).Pbds.Single()), "the SR can be attached again");
    }

    [Fact]
    public async Task A_protected_SR_that_hangs_can_be_let_go_and_stops_no_change()
    {
        await using var site = await TestSite.OpenAsync();
        var bad = await site.CreateSrAsync("bad");
        await site.Client.CallAsync("SR.enable_database_replication", bad);
        using (HungStorage.Over(Path.Combine(site.Root, "bad")))
        {
            await site.CreateVmAsync("made meanwhile").WaitAsync(Enough, TestSite.Cancel);
            await site.Client.CallAsync("PBD.unplug", site.Get(bad).Pbds.Single()).WaitAsync(Enough, TestSite.Cancel);
        }

        await Patience.UntilAsync(() => Succeeds(site, "PBD.plug", site.Get(bad).Pbds.Single()), "the SR can be attached again");
        Assert.Equal(
            "healthy",
            (await site.Client.CallAsync<ImmutableSortedDictionary<string, string>>("SR.get_database_replication_state", bad))["health"]);
    }

    [Fact]
    public async Task A_change_of_an_SR_that_answers_readers_only_is_refused_holds_up_nothing_and_leaves_nothing_behind()
    {
        await using var site = await TestSite.OpenAsync();
        await using var storage = await FrozenStorage.AtAsync(Path.Combine(site.Root, "bad"));
        var bad = await site.CreateSrAsync("bad");
        var (disk, other) = (await site.CreateVdiAsync(bad), await site.CreateVdiAsync(bad));
        var files = DisksOf(site.Root);
        await storage.FreezeAsync();

        var changes = Task.WhenAll(
            site.Client.FailAsync("VDI.create", new VdiRecord { NameLabel = "new", Sr = bad, VirtualSize = 1 << 20 }),
            site.Client.FailAsync("VDI.clone", disk, TestSite.Map()),
            site.Client.FailAsync("VDI.resize", other, 2L << 20),
            site.Client.FailAsync("SR.enable_database_replication", bad));
        var refusals = await changes.WaitAsync(Enough, TestSite.Cancel);
        Assert.All(refusals, r => Assert.Equal("SR_BACKEND_FAILURE_47", r[0]));

        // Nobody has to wait behind them, and nothing is said of disks that only can't be looked at.
        Assert.Equal("SR_BACKEND_FAILURE_47", (await site.Client.FailAsync("SR.scan", bad).WaitAsync(Enough, TestSite.Cancel))[0]);
        Assert.False(site.Get(disk).Missing);
        Assert.Empty(site.Get(disk).CurrentOperations);
        Assert.Equal(2, site.Get(bad).Vdis.Count);

        await storage.ThawAsync();
        await Patience.UntilAsync(() => Succeeds(site, "SR.scan", bad), "the SR answers again");
        await Patience.UntilAsync(() => DisksOf(site.Root).SequenceEqual(files), "what was made too late is removed again");
        Assert.True(Succeeds(site, "SR.scan", bad));
        Assert.Equal(2, site.Get(bad).Vdis.Count);
        await site.CreateVdiAsync(bad);
        await site.Client.CallAsync("PBD.unplug", site.Get(bad).Pbds.Single());
    }

    private static List<string> DisksOf(string root) =>
        [.. Directory.EnumerateFileSystemEntries(Path.Combine(root, "bad"), "*", SearchOption.AllDirectories)
            .Where(f => !f.Contains("lost+found", StringComparison.Ordinal)).Order()];

    private static bool Succeeds(TestSite site, string message, object argument)
    {
        try
        {
            site.Client.CallAsync(message, argument).GetAwaiter().GetResult();
            return true;
        }
        catch (XenApiException)
        {
            return false;
        }
    }
}
