using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Rule 13 of recovery: no VM runs twice. Two pools that are both alive see one directory of SRs.</summary>
public sealed class SplitBrainTests
{
    [Fact]
    public async Task Rule13_a_pool_that_comes_back_refuses_to_start_what_was_recovered_elsewhere()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var (primary, site) = (scene.Primary, scene.Site);
        await scene.ProtectAsync();
        await primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        await RecoverHereAsync(scene);

        // The primary did not notice, having been alive all the time. It looks when it matters.
        var refusal = await primary.Client.FailAsync("VM.start", scene.Vm, false, false);
        var there = site.All<PoolRecord>().Single();
        Assert.Equal(["VM_RECOVERED_ELSEWHERE", scene.Vm.Opaque, there.Uuid, there.NameLabel, "1"], refusal);
        Assert.Contains("vm-take-back", ErrorSentences.Find(refusal[0], refusal[1..]), StringComparison.Ordinal);
        Assert.Equal("VM_RECOVERED_ELSEWHERE", (await primary.Client.FailAsync("VM.assert_can_boot_here", scene.Vm, primary.Host))[0]);
        Assert.Equal("OPERATION_PARTIALLY_FAILED", (await primary.Client.FailAsync("VM_appliance.start", scene.Appliance, false))[0]);
        Assert.Contains(
            primary.All<MessageRecord>(),
            m => m.Name == "VM_APPLIANCE_MEMBER_FAILED" && m.Body.Contains("VM_RECOVERED_ELSEWHERE", StringComparison.Ordinal));
        Assert.Equal(VmPowerState.Halted, primary.Get(scene.Vm).PowerState);

        // And one that was dead is told when it comes back, once.
        await primary.Daemon.DisposeAsync();
        await primary.StartAsync();
        await primary.Client.CallAsync("SR.scan", scene.Sr);
        Assert.Single(primary.All<MessageRecord>(), m => m.Name == "VM_RECOVERED_ELSEWHERE" && m.ObjUuid == primary.Get(scene.Vm).Uuid);
        Assert.Equal("VM_RECOVERED_ELSEWHERE", (await primary.Client.FailAsync("VM.start", scene.Vm, false, false))[0]);

        // The copy at the other site is the newer one and may run.
        await site.Client.CallAsync("VM.start", scene.Recovered(), false, false);
    }

    [Fact]
    public async Task A_VM_that_is_taken_back_starts_here_and_no_longer_there()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var (primary, site) = (scene.Primary, scene.Site);
        await scene.ProtectAsync();
        await primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        await RecoverHereAsync(scene);
        Assert.Equal("INVALID_VALUE", (await primary.Client.FailAsync("VM.take_back", scene.Vm, " "))[0]);
        await primary.Client.CallAsync("VM.take_back", scene.Vm, "the machines at the other site are scrap");
        await primary.Client.CallAsync("VM.take_back", scene.Vm, "again");
        Assert.Equal(2L, primary.Get(scene.Vm).Version);
        Assert.Single(primary.All<MessageRecord>(), m => m.Name == "VM_TAKEN_BACK" && m.Body.Contains("scrap", StringComparison.Ordinal));
        await primary.Client.CallAsync("VM.start", scene.Vm, false, false);
        Assert.Equal("VM_RECOVERED_ELSEWHERE", (await site.Client.FailAsync("VM.start", scene.Recovered(), false, false))[0]);
    }

    [Fact]
    public async Task A_VM_that_is_recovered_home_starts_there_again()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var primary = scene.Primary;
        await scene.ProtectAsync();
        await primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        await RecoverHereAsync(scene);
        await primary.Client.CallAsync("SR.scan", scene.Sr);
        var there = scene.Recovered();
        var volume = primary.Daemon.Services.State.All<VdiRecord>().Single(v =>
            v.Record.Type == VdiType.Metadata && v.Record.MetadataOfPool != primary.Daemon.Services.Pool).Ref;
        var foreign = primary.Client.With(await primary.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume));
        var theirs = foreign.Session.Foreign!.All<VmApplianceRecord>().Single().Ref;
        await foreign.CallAsync<Ref<VmApplianceRecord>>(
            "VM_appliance.recover_mapped", theirs, primary.Client.Session.Ref, false, TestSite.Map(), TestSite.Map());
        var home = primary.Daemon.Services.State.FindByUuid<VmRecord>(scene.Site.Get(there).Uuid);
        Assert.Equal(2L, primary.Get(home).Version);
        await primary.Client.CallAsync("VM.start", home, false, false);
        Assert.Equal("VM_RECOVERED_ELSEWHERE", (await scene.Site.Client.FailAsync("VM.start", there, false, false))[0]);
    }

    [Fact]
    public async Task Metadata_of_another_pool_that_cannot_be_read_keeps_VMs_on_that_storage_from_starting()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var (primary, site) = (scene.Primary, scene.Site);
        await scene.ProtectAsync();
        await primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        await RecoverHereAsync(scene);
        var elsewhere = await primary.CreateVmAsync("elsewhere");
        await primary.CreateVbdAsync(elsewhere, await primary.CreateVdiAsync(await primary.CreateSrAsync("other")));
        var volume = site.Daemon.Services.State.All<VdiRecord>()
            .Single(v => v.Record.Type == VdiType.Metadata && v.Record.MetadataOfPool == site.Daemon.Services.Pool).Record.Uuid;
        var file = Directory.GetFiles(Path.Combine(primary.Root, "sr"), $"{volume}*", SearchOption.AllDirectories).Single();
        using (var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite))
        {
            // Without the area in which an earlier state would still be found.
            RandomAccess.SetLength(handle, 126 << 20);
            RandomAccess.Write(handle, [.. Enumerable.Repeat((byte)0x5a, 4096)], 18);
        }

        var refusal = await primary.Client.FailAsync("VM.start", scene.Vm, false, false);
        Assert.Equal("OPERATION_NOT_ALLOWED", refusal[0]);
        Assert.Contains(volume, refusal[1], StringComparison.Ordinal);
        Assert.Equal(VmPowerState.Halted, primary.Get(scene.Vm).PowerState);
        await primary.Client.CallAsync("VM.start", elsewhere, false, false);

        // One that says of itself that it is empty hides nothing.
        using (var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite))
        {
            RandomAccess.Write(handle, "0"u8, 17);
        }

        await primary.Client.CallAsync("VM.start", scene.Vm, false, false);
    }

    [Fact]
    public async Task While_nothing_changes_nothing_is_read_again()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        await RecoverHereAsync(scene);
        var vm = await scene.Primary.CreateVmAsync("harmless");
        var site = scene.Site.Daemon.Services;
        var volume = site.State.All<VdiRecord>().Single(
            v => v.Record.Type == VdiType.Metadata && v.Record.MetadataOfPool == site.Pool).Record.Uuid;
        var file = Directory.GetFiles(Path.Combine(scene.Primary.Root, "sr"), $"{volume}*", SearchOption.AllDirectories).Single();
        var (unchanged, changed) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var i = 0; i < 20; i++)
        {
            File.SetLastWriteTimeUtc(file, TimeProvider.System.GetUtcNow().UtcDateTime);
            changed = TimeSpan.FromTicks(Math.Min(changed.Ticks, (await LookAsync()).Ticks));
            unchanged = TimeSpan.FromTicks(Math.Min(unchanged.Ticks, (await LookAsync()).Ticks));
        }

        // The quickest of twenty: whatever else the machine does, it does not do it all the time.
        Assert.True(
            unchanged * 10 < changed,
            $"{unchanged.TotalMilliseconds} ms while nothing changes, {changed.TotalMilliseconds} ms after a change");

        async Task<TimeSpan> LookAsync()
        {
            var begun = Stopwatch.GetTimestamp();
            await scene.Primary.Client.CallAsync("VM.assert_can_boot_here", vm, scene.Primary.Host);
            return Stopwatch.GetElapsedTime(begun);
        }
    }

    /// <summary>Recovers the vApp at the other site from the very storage that the primary has, and protects it there.</summary>
    private static async Task RecoverHereAsync(RecoveryScene scene)
    {
        var site = scene.Site;
        await site.Client.CallAsync<Ref<DrTaskRecord>>(
            "DR_task.create", "file", TestSite.Map(("location", Path.Combine(scene.Primary.Root, "sr"))),
            ImmutableList.Create(scene.Primary.Get(scene.Sr).Uuid));
        var volume = Assert.Single(site.Daemon.Services.State.All<VdiRecord>(), v => v.Record.Type == VdiType.Metadata);
        var foreign = site.Client.With(await site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume.Ref));
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, site.Client.Session.Ref, false);
        await site.Client.CallAsync("SR.enable_database_replication", TestFailoverTests.Source(scene));
    }
}
