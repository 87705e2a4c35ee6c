using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>The same over QEMU. In one test, because a process can hold only one embedded hypervisor.</summary>
public sealed class RealGuestTests
{
    [Fact]
    public async Task A_real_guest_starts_survives_its_daemon_and_ends_as_it_is_told()
    {
        await using var site = await TestSite.OpenOnAsync(null);
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var (vm, huge) = (await site.CreateVmAsync("one"), await site.CreateVmAsync("huge", v => v with { MemoryStaticMax = 1L << 50, MemoryDynamicMax = 1L << 50 }));
        var vbd = await site.CreateVbdAsync(vm, vdi);
        await site.Client.CallAsync<Ref<VbdRecord>>("VBD.create", new VbdRecord { Vm = vm, Userdevice = "3", Mode = VbdMode.Ro, Type = VbdType.Cd, Empty = true });
        var vif = await site.Client.CallAsync<Ref<VifRecord>>(
            "VIF.create", new VifRecord { Vm = vm, Network = await site.CreateNetworkAsync("net", "no-such-bridge"), Device = "0" });
        Assert.Equal("HOST_NOT_ENOUGH_FREE_MEMORY", (await site.Client.FailAsync("VM.start", huge, false, false))[0]);
        Assert.Equal("HOST_NOT_ENOUGH_FREE_MEMORY", (await site.Client.FailAsync("VM.assert_can_boot_here", huge, site.Daemon.Services.Host))[0]);

        await site.Client.CallAsync("VM.start", vm, true, false);
        try
        {
            Assert.Equal(VmPowerState.Paused, site.Get(vm).PowerState);
            Assert.True(site.Get(vbd).CurrentlyAttached);
            Assert.False(site.Get(vif).CurrentlyAttached);
            Assert.Contains(site.All<MessageRecord>(), m => m.Name == "VIF_NOT_PLUGGED");
            Assert.True(File.Exists(Path.Combine(site.Root, "data", "vnc", $"{site.Get(vm).Uuid}.sock")));
            await site.Client.CallAsync("VM.hard_reboot", vm);
            Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
            await site.Client.CallAsync("VM.set_memory_dynamic_range", vm, 64L << 20, 128L << 20);
            await site.Client.CallAsync("VM.set_shutdown_delay", vm, 1L);

            await site.Daemon.DisposeAsync();
            await site.StartAsync();
            Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
            Assert.True(site.Get(vbd).CurrentlyAttached);

            // Nothing on its disk heeds the power button, so after shutdown_delay it is switched off.
            await site.Client.CallAsync("VM.shutdown", vm);
            Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
            Assert.False(site.Get(vbd).CurrentlyAttached);
        }
        finally
        {
            await site.Daemon.Services.Hypervisor.DestroyAsync(Guid.Parse(site.Get(vm).Uuid), CancellationToken.None);
        }
    }
}
