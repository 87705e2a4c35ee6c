using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

public sealed class DomainPlanTests
{
    private static readonly GuestPaths Paths = new("/data/console", "/data/tty", "/data/vnc", "/data/agent", "/data/nvram");

    [Fact]
    public async Task Disks_have_their_slot_format_and_mode()
    {
        await using var site = await TestSite.OpenAsync();
        var sr = await site.CreateSrAsync("sr");
        var vm = await site.CreateVmAsync("one");
        var (a, b) = (await site.CreateVdiAsync(sr), await site.CreateVdiAsync(sr));
        await site.CreateVbdAsync(vm, a, "xvdb");
        await site.Client.CallAsync("VBD.set_mode", await site.CreateVbdAsync(vm, b, "5"), VbdMode.Ro);
        await site.Client.CallAsync<Ref<VbdRecord>>(
            "VBD.create", new VbdRecord { Vm = vm, Userdevice = "3", Mode = VbdMode.Ro, Type = VbdType.Cd, Empty = true });
        var images = new Dictionary<Ref<VdiRecord>, DiskSource>
        {
            [a] = new DiskSource.File("/a", DiskFormat.Qcow2),
            [b] = new DiskSource.File("/b", DiskFormat.Raw),
        };
        var plan = DomainPlan.For(site.Daemon.Services.State, vm, images, Paths, _ => true, _ => false, paused: false);
        Assert.Equal(
            [
                new DomainDisk { Device = 1, Source = new DiskSource.File("/a", DiskFormat.Qcow2) },
                new DomainDisk { Device = 3, Source = null, IsCdrom = true, ReadOnly = true },
                new DomainDisk { Device = 5, Source = new DiskSource.File("/b", DiskFormat.Raw), ReadOnly = true },
            ],
            plan.Config.Disks.OrderBy(d => d.Device));
        Assert.Equal((sr, b), plan.DiskAt("/b"));
        Assert.Empty(plan.Config.Problems());
    }

    [Fact]
    public async Task A_bridge_that_the_host_lacks_leaves_the_interface_unplugged_with_a_notice_and_an_internal_network_needs_none()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        foreach (var (device, bridge) in new[] { ("0", "here"), ("1", "gone"), ("2", "") })
        {
            var network = await site.CreateNetworkAsync($"net {device}", bridge);
            await site.Client.CallAsync<Ref<VifRecord>>("VIF.create", new VifRecord { Vm = vm, Network = network, Device = device });
        }

        var plan = Plan(site, vm, hasBridge: name => name == "here");
        Assert.Equal(["here", null, null], plan.Config.Nics.OrderBy(n => n.Device).Select(n => n.Bridge));
        Assert.Equal([false, false, true], plan.Config.Nics.OrderBy(n => n.Device).Select(n => n.Segment is not null));
        Assert.Equal(2, plan.Vifs.Count);
        Assert.Contains("no bridge gone", Assert.Single(plan.Lacks).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/boot/vmlinuz", "", "", true)]
    [InlineData("vmlinuz", "", "", false)]
    [InlineData("/boot/vmlinuz", "pygrub", "", false)]
    [InlineData("/boot/vmlinuz", "", "BIOS order", false)]
    public async Task A_kernel_is_loaded_directly_only_when_nothing_else_boots_the_VM(
        string kernel, string bootloader, string policy, bool direct)
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("one");
        await site.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(vm, v => v with { PvKernel = kernel, PvBootloader = bootloader, HvmBootPolicy = policy, PvArgs = "quiet" }),
            TestSite.Cancel);
        Assert.Equal(direct ? new DirectKernel { KernelPath = kernel, Arguments = "quiet" } : null, Plan(site, vm).Config.Kernel);
    }

    [Fact]
    public async Task Boot_order_firmware_and_memory_come_from_the_record()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync(
            "one", v => v with { HvmBootPolicy = "BIOS order", HvmBootParams = TestSite.Map(("order", "dc"), ("firmware", "uefi")) });
        var config = Plan(site, vm).Config;
        Assert.Equal(("dc", Firmware.Uefi, 1), (config.BootOrder, config.Firmware, config.Vcpus));
        Assert.Equal((128L << 20, 64L << 20), (config.MemoryMaxBytes, config.MemoryTargetBytes!.Value));
    }

    [Fact]
    public void A_directory_too_long_for_a_socket_leaves_screen_and_agent_out()
    {
        Assert.Null(GuestPaths.Of("/" + new string('x', 100), Guid.NewGuid()).VncSocket);
        Assert.NotNull(GuestPaths.Of("/srv/redoubt", Guid.NewGuid()).AgentSocket);
    }

    private static DomainPlan Plan(TestSite site, Ref<VmRecord> vm, Func<string, bool>? hasBridge = null) => DomainPlan.For(
        site.Daemon.Services.State, vm, ImmutableDictionary<Ref<VdiRecord>, DiskSource>.Empty, Paths, hasBridge ?? (_ => true), _ => false,
        paused: false);
}
