using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>A pool that knows more hosts than this daemon can ask.</summary>
public sealed class OtherHostTests
{
    [Fact]
    public async Task What_resides_on_another_host_stays_as_it_was_last_seen()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var sr = await site.CreateSrAsync("sr");
        var (here, there) = (await site.CreateVmAsync("here"), await site.CreateVmAsync("there"));
        var starting = await site.CreateVmAsync("starting");
        var vbd = await site.CreateVbdAsync(there, await site.CreateVdiAsync(sr));
        await site.Client.CallAsync("VM.start", here, false, false);
        await RunThereAsync(site, there, other, vbd);
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(starting, v => v with { ScheduledToBeResidentOn = other }), TestSite.Cancel);
        Assert.Equal(VmPowerState.Running, site.Get(here).PowerState);

        // The pretended guests are gone with the daemon, and every VM is looked at when it is there again.
        await site.Daemon.DisposeAsync();
        await site.StartAsync();

        Assert.Equal(VmPowerState.Halted, site.Get(here).PowerState);
        Assert.Equal((VmPowerState.Running, other), (site.Get(there).PowerState, site.Get(there).ResidentOn));
        Assert.True(site.Get(vbd).CurrentlyAttached);
        Assert.Equal(other, site.Get(starting).ScheduledToBeResidentOn);
    }

    [Fact]
    public async Task Nothing_is_done_with_a_guest_that_is_where_nothing_can_be_asked()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var vm = await site.CreateVmAsync("there");
        await RunThereAsync(site, vm, other);

        foreach (var message in (string[])
        [
            "VM.hard_shutdown", "VM.clean_shutdown", "VM.shutdown", "VM.clean_reboot", "VM.hard_reboot", "VM.pause", "VM.suspend",
            "VM.get_screenshot",
        ])
        {
            Assert.Equal(["HOST_OFFLINE", other.Opaque], await site.Client.FailAsync(message, vm));
        }

        Assert.Equal((VmPowerState.Running, other), (site.Get(vm).PowerState, site.Get(vm).ResidentOn));
        Assert.Equal("VM_BAD_POWER_STATE", (await site.Client.FailAsync("VM.start", vm, false, false))[0]);
    }

    [Fact]
    public async Task A_VM_is_started_where_it_can_be_and_refused_where_it_can_not()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var here = site.Host;
        var vm = await site.CreateVmAsync("vm");
        await site.CreateVbdAsync(vm, await site.CreateVdiAsync(await site.CreateSrAsync("sr")));
        await site.Client.CallAsync("VM.set_affinity", vm, other);

        Assert.Equal([here], await site.Client.CallAsync<IEnumerable<Ref<HostRecord>>>("VM.get_possible_hosts", vm));
        await site.Client.CallAsync("VM.assert_can_boot_here", vm, here);
        Assert.Equal(["HOST_OFFLINE", other.Opaque], await site.Client.FailAsync("VM.assert_can_boot_here", vm, other));
        Assert.Equal(["HOST_OFFLINE", other.Opaque], await site.Client.FailAsync("VM.start_on", vm, other, false, false));
        Assert.True(site.Get(vm) is { CurrentOperations.IsEmpty: true, ScheduledToBeResidentOn.IsNull: true });

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal((here, true), (site.Get(vm).ResidentOn, site.Get(vm).ScheduledToBeResidentOn.IsNull));
        await site.Client.CallAsync("VM.suspend", vm);
        Assert.Equal(["HOST_OFFLINE", other.Opaque], await site.Client.FailAsync("VM.resume_on", vm, other, false, false));
        await site.Client.CallAsync("VM.resume_on", vm, here, false, false);
        Assert.Equal(here, site.Get(vm).ResidentOn);
    }

    [Fact]
    public async Task The_PBD_of_another_host_is_not_plugged_or_let_go_here()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var sr = await site.CreateSrAsync("sr");
        var pbd = site.Get(sr).Pbds.Single(p => site.Get(p).Host == other);
        Assert.False(site.Get(pbd).CurrentlyAttached);

        Assert.Equal(["HOST_OFFLINE", other.Opaque], await site.Client.FailAsync("PBD.plug", pbd));
        Assert.Equal(["HOST_OFFLINE", other.Opaque], await site.Client.FailAsync("PBD.unplug", pbd));

        // Here it is still attached.
        await site.Client.CallAsync("SR.scan", sr);
    }

    private static Task RunThereAsync(TestSite site, Ref<VmRecord> vm, Ref<HostRecord> host, params Ref<VbdRecord>[] vbds) =>
        site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                tx.Update(vm, v => Operations.WithAllowed(v with { PowerState = VmPowerState.Running, ResidentOn = host, Domid = 7 }));
                foreach (var vbd in vbds)
                {
                    tx.Update(vbd, b => b with { CurrentlyAttached = true });
                }
            },
            TestSite.Cancel);
}
