using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class VmTests
{
    [Fact]
    public async Task A_VM_starts_and_stops_and_its_devices_follow()
    {
        await using var site = await TestSite.OpenAsync();
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var vm = await site.CreateVmAsync("one");
        var vbd = await site.CreateVbdAsync(vm, vdi);
        var vif = await CreateVifAsync(site, vm, await site.CreateNetworkAsync("net", "xenbr0"));
        Assert.Equal("0", site.Get(vbd).Userdevice);

        await site.Client.CallAsync("VM.start", vm, false, false);
        var running = site.Get(vm);
        Assert.Equal((VmPowerState.Running, site.Host), (running.PowerState, running.ResidentOn));
        Assert.True(running.Domid > 0);
        Assert.Contains(VmOperations.CleanShutdown, running.AllowedOperations);
        Assert.True(site.Get(vbd).CurrentlyAttached);
        Assert.Equal(site.Get(vdi).Uuid, Assert.Single(site.Daemon.Services.Hosts.Local.Disks.Of(Guid.Parse(running.Uuid))).Vdi.ToString());
        Assert.True(site.Get(vif).CurrentlyAttached);
        Assert.Equal(
            [ConsoleProtocol.Vt100, ConsoleProtocol.Rfb],
            running.Consoles.Select(c => site.Get(c).Protocol).OrderBy(p => p == ConsoleProtocol.Rfb));
        Assert.True(site.Get(running.Metrics).StartTime > DateTimeOffset.UnixEpoch);

        await site.Client.CallAsync("VM.hard_shutdown", vm);
        var halted = site.Get(vm);
        Assert.Equal((VmPowerState.Halted, true, -1), (halted.PowerState, halted.ResidentOn.IsNull, halted.Domid));
        Assert.False(site.Get(vbd).CurrentlyAttached);
        Assert.Empty(site.Daemon.Services.Hosts.Local.Disks.Of(Guid.Parse(halted.Uuid)));
        Assert.False(site.Get(vif).CurrentlyAttached);
        Assert.Empty(site.All<ConsoleRecord>());
    }

    [Fact]
    public async Task A_VM_can_be_paused_unpaused_rebooted_and_shut_down_cleanly()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        await site.Client.CallAsync("VM.start", vm, true, false);
        Assert.Equal(VmPowerState.Paused, site.Get(vm).PowerState);
        await site.Client.CallAsync("VM.unpause", vm);
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        await site.Client.CallAsync("VM.clean_reboot", vm);
        Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
        await site.Client.CallAsync("VM.pause", vm);
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Running", "Paused"], await site.Client.FailAsync("VM.clean_shutdown", vm));
        await site.Client.CallAsync("VM.unpause", vm);
        await site.Client.CallAsync("VM.clean_shutdown", vm);
        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.CallAsync("VM.shutdown", vm);
        Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
        Assert.Equal(
            ["VM_BAD_POWER_STATE", vm.Opaque, "Running, Paused, Suspended", "Halted"], await site.Client.FailAsync("VM.shutdown", vm));
    }

    [Fact]
    public async Task What_stands_in_the_way_of_a_start_is_named_and_nothing_changes()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vdi = await site.CreateVdiAsync(sr);
        var (vm, other) = (await site.CreateVmAsync("one"), await site.CreateVmAsync("two"));
        await site.CreateVbdAsync(vm, vdi);
        var vbd = await site.CreateVbdAsync(other, vdi);
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Running", "Halted"], await site.Client.FailAsync("VM.pause", vm));

        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Halted", "Running"], await site.Client.FailAsync("VM.start", vm, false, false));
        Assert.Equal(["VM_BAD_POWER_STATE", vm.Opaque, "Halted, Suspended", "Running"], await site.Client.FailAsync("VM.destroy", vm));
        Assert.Equal(["VDI_IN_USE", vdi.Opaque, "VM.start"], await site.Client.FailAsync("VM.start", other, false, false));
        Assert.False(site.Get(vbd).CurrentlyAttached);
        await site.Client.CallAsync("VM.hard_shutdown", vm);

        File.Delete(
            Directory.EnumerateFiles(Path.Combine(site.Root, "sr"), $"{site.Get(vdi).Uuid}.*", SearchOption.AllDirectories).Single());
        Assert.Equal(["VDI_MISSING", sr.Opaque, vdi.Opaque], await site.Client.FailAsync("VM.start", vm, false, false));
        await site.Client.CallAsync("PBD.unplug", site.Get(sr).Pbds.Single());
        Assert.Equal(["VM_REQUIRES_SR", vm.Opaque, sr.Opaque], await site.Client.FailAsync("VM.start", vm, false, false));
        Assert.Empty(site.Get(vm).CurrentOperations);
        Assert.DoesNotContain(site.All<VbdRecord>(), b => b.CurrentlyAttached);
    }

    [Fact]
    public async Task Blocked_operations_and_templates_do_not_start()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        await site.Client.CallAsync("VM.add_to_blocked_operations", vm, VmOperations.Start, "it runs elsewhere");
        Assert.Equal(["OPERATION_BLOCKED", vm.Opaque, "it runs elsewhere"], await site.Client.FailAsync("VM.start", vm, false, false));
        Assert.DoesNotContain(VmOperations.Start, site.Get(vm).AllowedOperations);
        var template = await site.CreateVmAsync("template", v => v with { IsATemplate = true });
        Assert.Equal(["VM_IS_TEMPLATE", template.Opaque, "start"], await site.Client.FailAsync("VM.start", template, false, false));
    }

    [Fact]
    public async Task An_interface_without_a_network_stays_unplugged_and_people_are_told()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var vif = await CreateVifAsync(site, vm, await site.CreateNetworkAsync("gone"));
        await site.Daemon.Services.Database.WriteAsync(tx => tx.Update(vif, v => v with { Network = default }), TestSite.Cancel);
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.False(site.Get(vif).CurrentlyAttached);
        var told = Assert.Single(site.All<MessageRecord>(), m => m.Name == "VIF_NOT_PLUGGED");
        Assert.Contains("its network is not known here", told.Body, StringComparison.Ordinal);
        Assert.Equal((Cls.Vm, site.Get(vm).Uuid), (told.Cls, told.ObjUuid));
    }

    [Fact]
    public async Task A_network_that_is_made_carries_the_VMs_on_it()
    {
        await using var site = await TestSite.OpenAsync();
        var networks = new[] { await site.CreateNetworkAsync("internal"), await site.CreateNetworkAsync("internal") };
        Assert.All(networks, n => Assert.Matches("^rdn[0-9a-f]{12}$", site.Get(n).Bridge));
        Assert.NotEqual(site.Get(networks[0]).Bridge, site.Get(networks[1]).Bridge);
        Assert.Equal("", await site.Client.CallAsync<string>("network.get_trouble", networks[0]));

        // One from before they were given a bridge of their own.
        await site.Daemon.Services.Database.WriteAsync(tx => tx.Update(networks[1], n => n with { Bridge = "" }), TestSite.Cancel);
        foreach (var network in networks)
        {
            var vm = await site.CreateVmAsync("one");
            var vif = await CreateVifAsync(site, vm, network);
            await site.Client.CallAsync("VM.start", vm, false, false);
            Assert.True(site.Get(vif).CurrentlyAttached);
        }

        Assert.DoesNotContain(site.All<MessageRecord>(), m => m.Name == "VIF_NOT_PLUGGED");
    }

    [Fact]
    public async Task Memory_limits_rise_and_the_balloon_of_a_running_VM_moves()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        const long mib = 1 << 20;
        Assert.Equal(
            "MEMORY_CONSTRAINT_VIOLATION",
            (await site.Client.FailAsync("VM.set_memory_limits", vm, 64 * mib, 32 * mib, 32 * mib, 32 * mib))[0]);
        await site.Client.CallAsync("VM.set_memory_limits", vm, 16 * mib, 256 * mib, 64 * mib, 128 * mib);
        await site.Client.CallAsync("VM.start", vm, false, false);
        Assert.Equal(
            "VM_BAD_POWER_STATE", (await site.Client.FailAsync("VM.set_memory_limits", vm, 16 * mib, 256 * mib, 64 * mib, 64 * mib))[0]);
        await site.Client.CallAsync("VM.set_memory_dynamic_range", vm, 32 * mib, 96 * mib);
        Assert.Equal(
            (32 * mib, 96 * mib, 96 * mib), (site.Get(vm).MemoryDynamicMin, site.Get(vm).MemoryDynamicMax, site.Get(vm).MemoryTarget));
        var domain = await site.Daemon.Services.Hosts.Local.Hypervisor.FindAsync(Guid.Parse(site.Get(vm).Uuid), TestSite.Cancel);
        Assert.Equal(96 * mib, domain!.MemoryBytes);
        Assert.Equal(
            "MEMORY_CONSTRAINT_VIOLATION", (await site.Client.FailAsync("VM.set_memory_dynamic_range", vm, 32 * mib, 512 * mib))[0]);
    }

    [Fact]
    public async Task Values_that_no_VM_can_have_are_refused()
    {
        await using var site = await TestSite.OpenAsync();
        Assert.Equal(["INVALID_VALUE", "VCPUs_max", "0"], await FailToCreateAsync(site, v => v with { VcpusMax = 0 }));
        Assert.Equal(["INVALID_VALUE", "order", "-1"], await FailToCreateAsync(site, v => v with { Order = -1 }));
        var vm = await site.CreateVmAsync("one");
        Assert.Equal(["INVALID_VALUE", "start_delay", "-1"], await site.Client.FailAsync("VM.set_start_delay", vm, -1L));
        Assert.Equal(["INVALID_VALUE", "shutdown_delay", "-5"], await site.Client.FailAsync("VM.set_shutdown_delay", vm, -5L));
        Assert.Equal(["INVALID_VALUE", "VCPUs_at_startup", "3"], await site.Client.FailAsync("VM.set_VCPUs_at_startup", vm, 3L));
        Assert.Empty(site.All<MessageRecord>());
    }

    [Fact]
    public async Task A_clone_has_disks_and_addresses_of_its_own()
    {
        await using var site = await TestSite.OpenAsync();
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var vm = await site.CreateVmAsync("one");
        await site.CreateVbdAsync(vm, vdi);
        var vif = await CreateVifAsync(site, vm, await site.CreateNetworkAsync("net"));
        var clone = site.Get(await site.Client.CallAsync<Ref<VmRecord>>("VM.clone", vm, "two"));
        Assert.Equal("two", clone.NameLabel);
        Assert.NotEqual(vdi, site.Get(clone.Vbds.Single()).Vdi);
        Assert.NotEqual(site.Get(vif).Mac, site.Get(clone.Vifs.Single()).Mac);
        await site.Client.CallAsync("VM.destroy", vm);
        Assert.Equal(site.Get(clone.Vbds.Single()).Vdi, Assert.Single(site.Daemon.Services.State.All<VdiRecord>(), v => v.Ref != vdi).Ref);
        Assert.NotNull(site.Daemon.Services.State.Find(vdi));
    }

    [Fact]
    public async Task A_running_VM_is_found_again_by_a_restarted_daemon_and_a_lost_one_is_halted()
    {
        // Its guests live as long as any connection to it does.
        await using var other = await Compute.Hypervisor.OpenAsync(new() { Uri = "test:///default" }, TestSite.Cancel);
        await using var site = await TestSite.OpenOnAsync("test:///default");
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var (kept, lost) = (await site.CreateVmAsync("kept"), await site.CreateVmAsync("lost"));
        var vbd = await site.CreateVbdAsync(lost, vdi);
        await site.Client.CallAsync("VM.start", kept, false, false);
        await site.Client.CallAsync("VM.start", lost, false, false);
        await site.Daemon.DisposeAsync();
        await other.DestroyAsync(Guid.Parse(site.Get(lost).Uuid), TestSite.Cancel);
        await site.StartAsync();
        Assert.Equal(VmPowerState.Running, site.Get(kept).PowerState);
        Assert.Equal(VmPowerState.Halted, site.Get(lost).PowerState);
        Assert.False(site.Get(vbd).CurrentlyAttached);
        await site.Client.CallAsync("VM.hard_shutdown", kept);
    }

    [Fact]
    public async Task Of_a_guest_that_writes_without_end_only_the_end_is_kept_where_it_was()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        var log = Path.Combine(site.Root, "data", "consoles", $"{site.Get(vm).Uuid}.log");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        const int lines = (80 << 20) / 16;
        await using (var guest = new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            for (var line = 0; line < lines; line++)
            {
                await guest.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"line {line:d10}\n"), TestSite.Cancel);
            }

            await guest.FlushAsync(TestSite.Cancel);
            await Patience.UntilAsync(() => Begin(site, vm) > 0, "the beginning of the log is given back");
            await guest.WriteAsync("line after the cut\n"u8.ToArray(), TestSite.Cancel);
        }

        var begin = Begin(site, vm);
        Assert.InRange(new FileInfo(log).Length - begin, 16 << 20, 66 << 20); // It may have been cut while it was still growing.
        Assert.StartsWith(
            $"line {begin / 16:d10}\n", await site.Client.CallAsync<string>("VM.get_console_log", vm, begin), StringComparison.Ordinal);
        Assert.Equal("line after the cut\n", await site.Client.CallAsync<string>("VM.get_console_log", vm, lines * 16L));
        Assert.Equal(["VALUE_NOT_SUPPORTED", "offset", "0"], (await site.Client.FailAsync("VM.get_console_log", vm, 0L)).Take(3));
    }

    private static long Begin(TestSite site, Ref<VmRecord> vm) =>
        site.Client.CallAsync<long>("VM.get_console_log_begin", vm).GetAwaiter().GetResult();

    [Fact]
    public async Task The_console_log_is_read_from_an_offset_on()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        Assert.Equal("", await site.Client.CallAsync<string>("VM.get_console_log", vm, 0L));
        var log = Path.Combine(site.Root, "data", "consoles", $"{site.Get(vm).Uuid}.log");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        await File.WriteAllBytesAsync(log, [.. "ab\xffé"u8, 0xff, (byte)'x', 0xe2, 0x82], TestSite.Cancel);
        Assert.Equal("ab\xffé?x", await site.Client.CallAsync<string>("VM.get_console_log", vm, 0L));
        Assert.Equal("?x", await site.Client.CallAsync<string>("VM.get_console_log", vm, 6L));
        Assert.Equal("", await site.Client.CallAsync<string>("VM.get_console_log", vm, 1L << 40));
        Assert.Equal(["INVALID_VALUE", "offset", "-1"], await site.Client.FailAsync("VM.get_console_log", vm, -1L));
    }

    private static Task<Ref<VifRecord>> CreateVifAsync(TestSite site, Ref<VmRecord> vm, Ref<NetworkRecord> network) =>
        site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vm, Network = network, Device = "0" });

    private static async Task<string[]> FailToCreateAsync(TestSite site, Func<VmRecord, VmRecord> change)
    {
        var failure = await Assert.ThrowsAsync<XenApiException>(() => site.CreateVmAsync("wrong", change));
        return [failure.Code, .. failure.Parameters];
    }
}
