using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>The same over QEMU. In one test, because a process can hold only one embedded hypervisor.</summary>
[Trait("Needs", "guest")]
public sealed class RealGuestTests
{
    [Fact]
    public async Task A_real_guest_starts_survives_its_daemon_and_ends_as_it_is_told()
    {
        Storage.DataDirectory.KeepToOwner();
        await using var site = await TestSite.OpenOnAsync(null);
        var vdi = await site.CreateVdiAsync(await site.CreateSrAsync("sr"));
        var (vm, huge) = (await site.CreateVmAsync("one"), await site.CreateVmAsync("huge", v => v with { MemoryStaticMax = 1L << 50, MemoryDynamicMax = 1L << 50 }));
        var vbd = await site.CreateVbdAsync(vm, vdi);
        await site.Client.CallAsync<Ref<VbdRecord>>(
            "VBD.create", new VbdRecord { Vm = vm, Userdevice = "3", Mode = VbdMode.Ro, Type = VbdType.Cd, Empty = true });
        var vif = await site.Client.CallAsync<Ref<VifRecord>>(
            "VIF.create", new VifRecord { Vm = vm, Network = await site.CreateNetworkAsync("net", "no-such-bridge"), Device = "0" });
        Assert.Equal("HOST_NOT_ENOUGH_FREE_MEMORY", (await site.Client.FailAsync("VM.start", huge, false, false))[0]);
        Assert.Equal("HOST_NOT_ENOUGH_FREE_MEMORY", (await site.Client.FailAsync("VM.assert_can_boot_here", huge, site.Host))[0]);

        await site.Client.CallAsync("VM.start", vm, true, false);
        try
        {
            Assert.Equal(VmPowerState.Paused, site.Get(vm).PowerState);
            Assert.True(site.Get(vbd).CurrentlyAttached);
            Assert.False(site.Get(vif).CurrentlyAttached);
            Assert.Contains(site.All<MessageRecord>(), m => m.Name == "VIF_NOT_PLUGGED");
            Assert.Contains(
                "no-such-bridge", await site.Client.CallAsync<string>("network.get_trouble", site.Get(vif).Network),
                StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(site.Root, "data", "vnc", $"{site.Get(vm).Uuid}.sock")));
            await site.Client.CallAsync("VM.hard_reboot", vm);
            Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
            await site.Client.CallAsync("VM.set_memory_dynamic_range", vm, 64L << 20, 128L << 20);
            await site.Client.CallAsync("VM.set_shutdown_delay", vm, 1L);

            await site.Daemon.DisposeAsync();
            await site.StartAsync();
            Assert.Equal(VmPowerState.Running, site.Get(vm).PowerState);
            Assert.True(site.Get(vbd).CurrentlyAttached);

            // The guest holds its disk, and so does the new daemon for it.
            var uuid = Guid.Parse(site.Get(vm).Uuid);
            Assert.Equal(site.Get(vdi).Uuid, Assert.Single(site.Daemon.Services.Hosts.Local.Disks.Of(uuid)).Vdi.ToString());

            // Nothing on its disk heeds the power button, so after shutdown_delay it is switched off.
            await site.Client.CallAsync("VM.shutdown", vm);
            Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
            Assert.False(site.Get(vbd).CurrentlyAttached);
            Assert.Empty(site.Daemon.Services.Hosts.Local.Disks.Of(uuid));
        }
        finally
        {
            await site.Daemon.Services.Hosts.Local.Hypervisor.DestroyAsync(Guid.Parse(site.Get(vm).Uuid), CancellationToken.None);
        }

        await ReachAsync(site);
        await TestAsync(site);
    }

    /// <summary>On a network that was made without a bridge, what one guest sends comes to the other.</summary>
    private static async Task ReachAsync(TestSite site)
    {
        var network = await site.CreateNetworkAsync("made");
        var vms = new List<Ref<VmRecord>>();
        foreach (var name in new[] { "here", "there" })
        {
            // A guest that boots from the network asks everybody on it for an address.
            vms.Add(await site.CreateVmAsync(name, v => v with { HvmBootParams = v.HvmBootParams.SetItem("order", "n") }));
            await site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vms[^1], Network = network, Device = "0" });
        }

        var bridge = site.Get(network).Bridge;
        try
        {
            foreach (var vm in vms)
            {
                await site.Client.CallAsync("VM.start", vm, false, false);
                Assert.True(site.Get(site.Get(vm).Vifs.Single()).CurrentlyAttached);
            }

            // Whoever may make no bridges has a segment in its place, of which the kernel tells nothing.
            if (Compute.HostBridge.Exists(bridge))
            {
                var macs = vms.Select(vm => site.Get(site.Get(vm).Vifs.Single()).Mac).ToList();
                await Patience.UntilAsync(() => macs.TrueForAll(m => Heard(bridge).Contains(m)), "the bridge has heard both guests");
                Assert.Equal(2, Directory.GetDirectories($"/sys/class/net/{bridge}/brif").Length);
                Assert.All(
                    Directory.GetDirectories($"/sys/class/net/{bridge}/brif"),
                    port => Assert.Equal("3", File.ReadAllText(Path.Combine(port, "state")).Trim())); // Forwarding.
            }
        }
        finally
        {
            foreach (var vm in vms)
            {
                await site.Daemon.Services.Hosts.Local.Hypervisor.DestroyAsync(Guid.Parse(site.Get(vm).Uuid), CancellationToken.None);
            }
        }

        foreach (var vm in vms)
        {
            await site.Client.CallAsync("VM.power_state_reset", vm);
            await site.Client.CallAsync("VM.destroy", vm);
        }

        await site.Client.CallAsync("network.destroy", network);
        Assert.False(Compute.HostBridge.Exists(bridge));
    }

    // The kernel's entries have 16 bytes: the address, the port, and whether it is the bridge's own.
    private static IEnumerable<string> Heard(string bridge) =>
        File.ReadAllBytes($"/sys/class/net/{bridge}/brforward").Chunk(16).Where(e => e[7] == 0)
        .Select(e => string.Join(':', e.Take(6).Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture))));

    /// <summary>
    /// A test boots the real guest on a clone, in a network of its own, and the disk that it was cloned from is not written.
    /// </summary>
    private static async Task TestAsync(TestSite site)
    {
        var sr = await site.CreateSrAsync("replica");
        var vdi = await site.CreateVdiAsync(sr, "system");
        var image = Directory.EnumerateFiles(
            Path.Combine(site.Root, "replica"), $"{site.Get(vdi).Uuid}.*", SearchOption.AllDirectories).Single();
        File.Copy(Repository.GuestImage, image, overwrite: true);
        File.SetUnixFileMode(image, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await site.Client.CallAsync("SR.scan", sr);
        var vm = await site.CreateVmAsync("guest", v => v with { MemoryDynamicMax = 128L << 20, MemoryStaticMax = 128L << 20 });
        await site.CreateVbdAsync(vm, vdi);
        var lan = await site.CreateNetworkAsync("lan");
        await site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vm, Network = lan, Device = "0" });
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        var volume = site.Daemon.Services.State.All<VdiRecord>().Single(v => v.Record.Type == VdiType.Metadata).Ref;
        var foreign = site.Client.With(await site.Client.CallAsync<Ref<SessionRecord>>("VDI.open_database", volume));
        await site.Client.CallAsync("SR.disable_database_replication", sr);
        var tree = StorageTree.Of(Path.Combine(site.Root, "replica"));

        var clone = await site.Client.CallAsync<Ref<SrRecord>>("SR.clone_for_test", sr, "drill");
        var network = await site.Client.CallAsync<Ref<NetworkRecord>>("network.create_isolated", "drill", "lan");
        var bridge = IsolatedNetwork.BridgeName(site.Get(network));
        var copy = await foreign.CallAsync<Ref<VmRecord>>(
            "VM.recover_for_test", vm, site.Client.Session.Ref, "drill",
            TestSite.Map((site.All<NetworkRecord>().Single(n => n.NameLabel == "lan").Uuid, site.Get(network).Uuid)),
            TestSite.Map((site.Get(sr).Uuid, site.Get(clone).Uuid)));
        await site.Client.CallAsync("VM.start", copy, false, false);
        try
        {
            Assert.Equal("0", site.Get(copy).OtherConfig["console-log-start"]);
            await GuestSpeaksAsync(site, copy);
            Assert.True(site.Get(site.Get(copy).Vifs.Single()).CurrentlyAttached);
            Assert.Equal("iVBORw0KGgo", (await site.Client.CallAsync<string>("VM.get_screenshot", copy))[..11]);
            Assert.False(await site.Client.CallAsync<bool>("VM.ping_guest_agent", copy, 1.0)); // This guest has none.
            Assert.Equal("OPERATION_NOT_ALLOWED", (await site.Client.FailAsync("VM.start", vm, false, false))[0]);

            // The clone may build on what it must not change, and goes on building on it.
            await site.Client.CallAsync("VM.suspend", copy);
            await site.Client.CallAsync("VM.resume", copy, false, false);
            Assert.Equal(VmPowerState.Running, site.Get(copy).PowerState);
        }
        finally
        {
            await site.Daemon.Services.Hosts.Local.Hypervisor.DestroyAsync(Guid.Parse(site.Get(copy).Uuid), CancellationToken.None);
        }

        await site.Client.CallAsync("VM.power_state_reset", copy);
        await site.Client.CallAsync("VM.destroy", copy);
        await site.Client.CallAsync("SR.destroy_test_clone", clone);
        await site.Client.CallAsync("network.destroy", network);
        Assert.Equal(tree, StorageTree.Of(Path.Combine(site.Root, "replica")));
        Assert.False(Compute.HostBridge.Exists(bridge));

        // Asked before it has booted, the guest hears nothing; it is asked again.
        await site.Client.CallAsync("SR.enable_database_replication", sr);
        await site.Client.CallAsync("VM.start", vm, false, false);
        try
        {
            await RequireConfinedAsync(site, vm);
            await site.Client.CallAsync("VM.clean_shutdown", vm).WaitAsync(TimeSpan.FromMinutes(3), TestSite.Cancel);
            Assert.Equal(VmPowerState.Halted, site.Get(vm).PowerState);
        }
        finally
        {
            await site.Daemon.Services.Hosts.Local.Hypervisor.DestroyAsync(Guid.Parse(site.Get(vm).Uuid), CancellationToken.None);
        }

        Compute.HostBridge.RemoveIsolated(site.Get(lan).Bridge);
    }

    /// <summary>As the account of the guest's QEMU nothing can be read of what the daemon keeps and of what lies on storage.</summary>
    private static async Task RequireConfinedAsync(TestSite site, Ref<VmRecord> vm)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return; // It is the daemon's own user.
        }

        var process = Assert.Single(Directory.GetDirectories("/proc"), d => IsQemuOf(d, site.Get(vm).Uuid));
        var status = File.ReadLines(Path.Combine(process, "status")).Select(l => l.Split('\t')).Where(l => l[0] is "Uid:" or "Gid:")
            .ToDictionary(l => l[0], l => l[1]);
        Assert.NotEqual("0", status["Uid:"]);
        File.SetUnixFileMode(site.Root, (UnixFileMode)0x1ed); // rwxr-xr-x: the directory of the test keeps nobody out.
        string[] kept = [.. new[] { "data", "replica", "sr" }.SelectMany(d => Directory.EnumerateFiles(Path.Combine(site.Root, d), "*", SearchOption.AllDirectories)), "/etc/shadow"];
        Assert.Contains(kept, f => f.EndsWith("pool.journal", StringComparison.Ordinal));
        Assert.Contains(kept, f => f.EndsWith(".raw", StringComparison.Ordinal)); // The metadata.
        Assert.Equal(["/etc/passwd"], await ReadableAsync("/etc/passwd"));
        Assert.Empty(await ReadableAsync(kept));

        async Task<string[]> ReadableAsync(params string[] files)
        {
            string[] words =
            [
                $"--reuid={status["Uid:"]}", $"--regid={status["Gid:"]}", "--clear-groups",
                "sh", "-c", "for file; do if test -r \"$file\"; then echo \"$file\"; fi; done", "sh", .. files,
            ];
            using var shell = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo("setpriv", words) { RedirectStandardOutput = true, UseShellExecute = false })!;
            var lines = await shell.StandardOutput.ReadToEndAsync(TestSite.Cancel);
            await shell.WaitForExitAsync(TestSite.Cancel);
            Assert.Equal(0, shell.ExitCode);
            return lines.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
    }

    private static bool IsQemuOf(string process, string vm)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Contains($"guest={vm},", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task GuestSpeaksAsync(TestSite site, Ref<VmRecord> vm)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestSite.Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!(await site.Client.CallAsync<string>("VM.get_console_log", vm, 0L)).Contains("redoubt-guest: ", StringComparison.Ordinal))
        {
            await tick.WaitForNextTickAsync(limit.Token);
        }
    }
}
