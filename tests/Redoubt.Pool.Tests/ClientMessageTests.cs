using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>Small messages that clients send on their way to something else.</summary>
public sealed class ClientMessageTests
{
    [Fact]
    public async Task A_VM_is_agile_where_every_host_has_its_storage_and_its_networks()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var sr = await site.CreateSrAsync("sr");
        await site.CreateVbdAsync(vm, await site.CreateVdiAsync(sr));
        await site.Client.CallAsync("VM.assert_agile", vm);
        var inside = await site.CreateNetworkAsync("inside");
        await site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vm, Network = inside, Device = "0" });
        await site.Client.CallAsync("VM.assert_agile", vm);

        await site.Client.CallAsync("SR.set_shared", sr, false);
        Assert.Equal(
            ["HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", sr.Opaque], await site.Client.FailAsync("VM.assert_agile", vm));
        await site.Client.CallAsync("SR.set_shared", sr, true);
        var other = await site.AddHostAsync("other");
        Assert.Equal(
            ["HA_CONSTRAINT_VIOLATION_SR_NOT_SHARED", sr.Opaque], await site.Client.FailAsync("VM.assert_agile", vm));

        // A host that takes no VMs does not count.
        await site.Daemon.Services.Database.WriteAsync(tx => tx.Update(other, h => h with { Enabled = false }), TestSite.Cancel);
        await site.Client.CallAsync("VM.assert_agile", vm);
    }

    [Fact]
    public async Task What_asks_for_nothing_is_taken_and_what_nobody_does_is_refused()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        await site.Client.CallAsync("VM.set_has_vendor_device", vm, false);
        Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VM.set_has_vendor_device", vm, true))[0]);
        await site.Client.CallAsync("VDI.set_on_boot", vdi, OnBoot.Persist);
        Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VDI.set_on_boot", vdi, OnBoot.Reset))[0]);
        await site.Client.CallAsync("VDI.set_allow_caching", vdi, false);
        Assert.Equal("VALUE_NOT_SUPPORTED", (await site.Client.FailAsync("VDI.set_allow_caching", vdi, true))[0]);
        Assert.Equal((false, OnBoot.Persist, false), (site.Get(vm).HasVendorDevice, site.Get(vdi).OnBoot, site.Get(vdi).AllowCaching));
    }

    [Fact]
    public async Task What_is_asked_of_a_VM_a_disk_and_the_pool_is_answered_as_it_is()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        Assert.Equal(site.Get(vm).Uuid, (await site.Client.CallAsync<VmRecord>("VM.get_boot_record", vm)).Uuid);
        Assert.True(await site.Client.CallAsync<bool>("VM.get_cooperative", vm));
        var license = await site.Client.CallAsync<System.Collections.Immutable.ImmutableSortedDictionary<string, string>>(
            "pool.get_license_state", site.Daemon.Services.Pool);
        Assert.Equal(["edition", "expiry"], license.Keys);

        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Running", "Halted"], await site.Client.FailAsync("VM.wait_memory_target_live", vm));
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.CallAsync("VM.set_memory_target_live", vm, 64L << 20);
        await site.Client.CallAsync("VM.wait_memory_target_live", vm);
        Assert.Equal(64L << 20, site.Get(site.Get(vm).Metrics).MemoryActual);

        // Past the daemon.
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var file = Directory.EnumerateFiles(site.Root, $"{site.Get(vdi).Uuid}.qcow2", SearchOption.AllDirectories).Single();
        Assert.True(await Programs.RunAsync("qemu-img", "resize", "-q", file, "8M"));
        await site.Client.CallAsync("VDI.update", vdi);
        Assert.Equal(8L << 20, site.Get(vdi).VirtualSize);
    }
}
