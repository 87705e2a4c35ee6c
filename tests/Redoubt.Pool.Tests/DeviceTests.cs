using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class DeviceTests
{
    [Fact]
    public async Task A_device_number_is_given_once()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        var (a, b) = (await site.CreateVdiAsync(sr), await site.CreateVdiAsync(sr));
        await site.CreateVbdAsync(vm, a, "0");
        Assert.Equal(["DEVICE_ALREADY_EXISTS", "0"], await site.Client.FailAsync("VBD.create", Disk(vm, b, "0")));
        Assert.Equal(["DEVICE_ALREADY_EXISTS", "xvda"], await site.Client.FailAsync("VBD.create", Disk(vm, b, "xvda")));
        Assert.Equal(["INVALID_DEVICE", "first"], await site.Client.FailAsync("VBD.create", Disk(vm, b, "first")));
        Assert.Equal(["HANDLE_INVALID", "VDI", RefText.Null], await site.Client.FailAsync("VBD.create", Disk(vm, default, "1")));
        Assert.Equal(
            "1", (await site.Client.CallAsync<System.Collections.Immutable.ImmutableList<string>>("VM.get_allowed_VBD_devices", vm))[0]);
    }

    [Fact]
    public async Task A_CD_is_inserted_and_ejected_whether_its_VM_runs_or_not_but_its_drive_comes_and_goes_with_the_guest()
    {
        await using var site = await TestSite.OpenAsync();
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var vm = await site.CreateVmAsync("one");
        var cd = new VbdRecord { Vm = vm, Userdevice = "3", Mode = VbdMode.Ro, Type = VbdType.Cd, Empty = true };
        Assert.Equal(["VBD_CDS_MUST_BE_READONLY"], await site.Client.FailAsync("VBD.create", cd with { Mode = VbdMode.Rw }));
        var drive = await site.Client.CallAsync<Ref<VbdRecord>>("VBD.create", cd);
        Assert.Equal(["VBD_IS_EMPTY", drive.Opaque], await site.Client.FailAsync("VBD.eject", drive));
        await site.Client.CallAsync("VBD.insert", drive, vdi);
        Assert.Equal(["VBD_NOT_EMPTY", drive.Opaque], await site.Client.FailAsync("VBD.insert", drive, vdi));
        Assert.Equal(vdi, site.Get(drive).Vdi);
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal([VbdOperations.Attach, VbdOperations.Eject], site.Get(drive).AllowedOperations);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VBD.unplug", drive))[0]);
        Assert.Equal(["VDI_IN_USE", vdi.Opaque, "destroy"], await site.Client.FailAsync("VDI.destroy", vdi));
        await site.Client.CallAsync("VBD.eject", drive);
        Assert.Equal([VbdOperations.Attach, VbdOperations.Insert], site.Get(drive).AllowedOperations);
        await site.Client.CallAsync("VDI.destroy", vdi);
        Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VBD.destroy", drive))[0]);
        await site.Client.CallAsync("VM.hard_shutdown", vm);
        await site.Client.CallAsync("VBD.destroy", drive);
        Assert.Empty(site.Get(vm).Vbds);
    }

    [Fact]
    public async Task A_disk_is_given_to_one_running_VM_and_not_to_another_and_what_may_be_done_with_its_drive_follows_the_VM()
    {
        await using var site = await TestSite.OpenAsync();
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var (one, two) = (await site.CreateVmAsync("one"), await site.CreateVmAsync("two"));
        var (first, second) = (await site.CreateVbdAsync(one, vdi, "1"), await site.CreateVbdAsync(two, vdi, "1"));
        Assert.Equal(["VM_BAD_POWER_STATE", one.Opaque, "Running, Paused", "Halted"], await site.Client.FailAsync("VBD.plug", first));
        await site.Client.CallAsync("VBD.destroy", second);
        await site.Client.CallAsync("VM.start", one, false, false);
        Assert.Equal([VbdOperations.Attach, VbdOperations.Unplug, VbdOperations.UnplugForce], site.Get(first).AllowedOperations);
        await site.Client.CallAsync("VM.start", two, false, false);
        second = await site.CreateVbdAsync(two, vdi, "1");
        Assert.Equal(["VDI_IN_USE", vdi.Opaque, "VBD.plug"], await site.Client.FailAsync("VBD.plug", second));
        await site.Client.CallAsync("VBD.set_unpluggable", first, false);
        Assert.Equal(["VBD_NOT_UNPLUGGABLE", first.Opaque], await site.Client.FailAsync("VBD.unplug", first));
        await site.Client.CallAsync("VBD.set_unpluggable", first, true);
        await site.Client.CallAsync("VBD.unplug", first);
        Assert.Equal(["DEVICE_ALREADY_DETACHED", first.Opaque], await site.Client.FailAsync("VBD.unplug", first));
        await site.Client.CallAsync("VBD.plug", second);
        Assert.Equal([VbdOperations.Attach, VbdOperations.Plug], site.Get(first).AllowedOperations);
        await site.Client.CallAsync("VM.hard_shutdown", one);
        Assert.Equal([VbdOperations.Attach], site.Get(first).AllowedOperations);
    }

    [Theory]
    [InlineData("aa:bb:cc:dd:ee")]
    [InlineData("01:00:5e:00:00:01")]
    [InlineData("zz:00:00:00:00:00")]
    public async Task What_is_no_address_of_one_interface_is_refused(string mac)
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var network = await site.CreateNetworkAsync("net");
        Assert.Equal(
            ["MAC_INVALID", mac],
            await site.Client.FailAsync("VIF.create", new VifRecord { Vm = vm, Network = network, Device = "0", Mac = mac }));
    }

    [Fact]
    public async Task An_interface_gets_an_address_that_anyone_may_give_out()
    {
        await using var site = await TestSite.OpenAsync();
        var (vm, net, other) = (await site.CreateVmAsync("one"), await site.CreateNetworkAsync("net"), await site.CreateNetworkAsync("other"));
        var vif = await site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vm, Network = net, Device = "0" });
        Assert.Equal(2, Convert.ToByte(site.Get(vif).Mac[..2], 16) & 3);
        Assert.True(site.Get(vif).MacAutogenerated);
        Assert.Equal(1500, site.Get(vif).Mtu);
        Assert.Equal(["NETWORK_CONTAINS_VIF", vif.Opaque], await site.Client.FailAsync("network.destroy", net));
        await site.Client.CallAsync("VIF.move", vif, other);
        await site.Client.CallAsync("network.destroy", net);
        Assert.Equal(
            ["DEVICE_ALREADY_EXISTS", "0"],
            await site.Client.FailAsync("VIF.create", new VifRecord { Vm = vm, Network = other, Device = "0" }));
    }

    [Theory]
    [InlineData("a bridge")]
    [InlineData("../eth0")]
    [InlineData("sixteen-letters-")]
    public async Task A_bridge_must_be_a_name_that_an_interface_can_have(string bridge)
    {
        await using var site = await TestSite.OpenAsync();
        Assert.Equal(
            ["INVALID_VALUE", "bridge", bridge],
            await site.Client.FailAsync("network.create", new NetworkRecord { NameLabel = "net", Bridge = bridge }));
    }

    private static VbdRecord Disk(Ref<VmRecord> vm, Ref<VdiRecord> vdi, string userdevice) =>
        new() { Vm = vm, Vdi = vdi, Userdevice = userdevice, Mode = VbdMode.Rw, Type = VbdType.Disk };
}
