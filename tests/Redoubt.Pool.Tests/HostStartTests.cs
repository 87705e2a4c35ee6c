using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>
/// VMs that are to start with their host do so once for each of its boots, in order, and never because a daemon alone was started again.
/// </summary>
public sealed class HostStartTests
{
    [Fact]
    public async Task They_start_once_for_each_boot_of_the_host_in_their_order()
    {
        var boot = "first";
        await using var site = await TestSite.OpenAsync(c => c with { HostBootId = boot });
        await StartWithHostAsync(site);
        var late = await MarkedAsync(site, "late", v => v with { Order = 2 });
        var early = await MarkedAsync(site, "early", v => v with { Order = 1, StartDelay = 1 });
        var other = await site.CreateVmAsync("other");
        await site.Client.CallAsync("pool.add_to_other_config", site.Daemon.Services.Pool, "auto_poweron", "true");

        await RestartAsync(site);
        Assert.All([late, early, other], vm => Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState));

        boot = "second";
        await RestartAsync(site);
        Assert.Equal(
            (VmPowerState.Running, VmPowerState.Running, VmPowerState.Halted),
            (site.Get(late).PowerState, site.Get(early).PowerState, site.Get(other).PowerState));
        Assert.True(
            site.Get(site.Get(late).Metrics).StartTime - site.Get(site.Get(early).Metrics).StartTime >= TimeSpan.FromSeconds(1),
            "The tier that is later did not wait.");

        // Its guests are gone with the connection, as after a hypervisor's end; the host has not booted.
        await RestartAsync(site);
        Assert.All([late, early], vm => Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState));
    }

    [Theory]
    [InlineData(false, "true")]
    [InlineData(true, "false")]
    public async Task Both_the_pool_and_the_VM_must_ask_for_it(bool poolAsks, string vmAsks)
    {
        var boot = "first";
        await using var site = await TestSite.OpenAsync(c => c with { HostBootId = boot });
        await StartWithHostAsync(site);
        var vm = await site.CreateVmAsync("vm");
        await site.Client.CallAsync("VM.add_to_other_config", vm, "auto_poweron", vmAsks);
        await site.Client.CallAsync("pool.add_to_other_config", site.Daemon.Services.Pool, "auto_poweron", poolAsks ? "true" : "false");
        boot = "second";
        await RestartAsync(site);
        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
    }

    [Fact]
    public async Task What_can_not_be_started_is_told_holds_up_nobody_and_is_tried_again_also_by_the_next_daemon()
    {
        var boot = "first";
        await using var site = await TestSite.OpenAsync(c => c with { HostBootId = boot });
        await StartWithHostAsync(site);
        var stuck = await MarkedAsync(site, "stuck", v => v with { Order = 1 });
        var free = await MarkedAsync(site, "free", v => v with { Order = 2 });
        await site.Client.CallAsync("pool.add_to_other_config", site.Daemon.Services.Pool, "auto_poweron", "true");
        await site.Client.CallAsync("VM.add_to_blocked_operations", stuck, VmOperations.Start, "not yet");

        boot = "second";
        await RestartAsync(site, wait: false);
        await Patience.UntilAsync(
            () => site.Get(site.Host).OtherConfig.GetValueOrDefault(Marks.StartWithHost) == site.Get(stuck).Uuid,
            "the VM that may start runs, and the other waits");
        Assert.Equal(VmPowerState.Running, site.Get(free).PowerState);
        Assert.Equal(VmPowerState.Halted, site.Get(stuck).PowerState);
        var told = Assert.Single(site.All<MessageRecord>(), m => m.Name == "AUTO_POWERON_FAILED");
        Assert.Equal(site.Get(stuck).Uuid, told.ObjUuid);
        Assert.Contains("not yet", told.Body, StringComparison.Ordinal);

        await site.Client.CallAsync("VM.remove_from_blocked_operations", stuck, VmOperations.Start);
        await RestartAsync(site);
        Assert.Equal((VmPowerState.Running, VmPowerState.Halted), (site.Get(stuck).PowerState, site.Get(free).PowerState));
    }

    [Fact]
    public async Task Of_several_hosts_each_starts_what_ran_on_it_and_a_database_that_was_put_back_none()
    {
        await using var site = await TestSite.OpenAsync(c => c with { HostBootId = "first" });
        var (pool, other) = (site.Daemon.Services.Pool, await site.AddHostAsync("other"));
        await site.Client.CallAsync("pool.add_to_other_config", pool, "auto_poweron", "true");
        var (there, here, off) = (await MarkedAsync(site, "there"), await MarkedAsync(site, "here"), await MarkedAsync(site, "off"));
        var plain = await site.CreateVmAsync("plain");
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                foreach (var (vm, host) in new[] { (there, other), (here, site.Host), (plain, other) })
                {
                    tx.Update(vm, v => v with { PowerState = VmPowerState.Running, ResidentOn = host });
                }

                // That it is not known how long it has been up starts nothing.
                HostStart.NoteBoot(tx, pool, other, "its first");
            },
            TestSite.Cancel);
        Assert.False(site.Get(other).OtherConfig.ContainsKey(Marks.StartWithHost));

        await NoteAsync("its first");
        Assert.False(site.Get(other).OtherConfig.ContainsKey(Marks.StartWithHost));
        await NoteAsync("its second");
        Assert.Equal(site.Get(there).Uuid, site.Get(other).OtherConfig[Marks.StartWithHost]);

        // Of what it does nothing has been seen, so nothing is started, nor forgotten.
        await site.Daemon.TryWithHostAsync(TestSite.Cancel);
        Assert.Equal(site.Get(there).Uuid, site.Get(other).OtherConfig[Marks.StartWithHost]);

        var before = site.Daemon.Services.State;
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                tx.Update(other, h => h with { OtherConfig = h.OtherConfig.SetItem(Marks.Boot, "of a backup") });
                HostStart.Keep(tx, before);
            },
            TestSite.Cancel);
        Assert.Equal("its second", site.Get(other).OtherConfig[Marks.Boot]);
        Assert.False(site.Get(other).OtherConfig.ContainsKey(Marks.StartWithHost));
        await site.Daemon.Services.Database.WriteAsync(tx => HostStart.Keep(tx, null), TestSite.Cancel);
        await NoteAsync("its third");
        Assert.False(site.Get(other).OtherConfig.ContainsKey(Marks.StartWithHost));
        Assert.Equal(VmPowerState.Halted, site.Get(off).PowerState);

        Task NoteAsync(string boot) =>
            site.Daemon.Services.Database.WriteAsync(tx => HostStart.NoteBoot(tx, pool, other, boot), TestSite.Cancel);
    }

    private static async Task<Ref<VmRecord>> MarkedAsync(TestSite site, string name, Func<VmRecord, VmRecord>? change = null)
    {
        var vm = await site.CreateVmAsync(name, change ?? (v => v));
        await site.Client.CallAsync("VM.add_to_other_config", vm, "auto_poweron", "true");
        return vm;
    }

    private static async Task RestartAsync(TestSite site, bool wait = true)
    {
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        await StartWithHostAsync(site, wait);
    }

    private static async Task StartWithHostAsync(TestSite site, bool wait = true)
    {
        site.Daemon.StartWithHost();
        if (wait)
        {
            await site.Daemon.TryWithHostAsync(TestSite.Cancel);
        }
    }
}
