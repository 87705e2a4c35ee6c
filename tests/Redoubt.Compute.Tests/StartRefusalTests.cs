using Redoubt.Storage;
using System.Diagnostics;

namespace Redoubt.Compute.Tests;

/// <summary>A guest that cannot start says why, and what to do.</summary>
[Collection(EmbeddedHostCollection.Name)]
[Trait("Needs", "guest")]
public sealed class StartRefusalTests(EmbeddedHost host)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_missing_disk_is_named()
    {
        var gone = new DiskSource.File($"{host.Root}/gone.qcow2", DiskFormat.Qcow2);
        var config = host.Guest("x") with { Disks = [new DomainDisk { Device = 0, Source = gone }] };
        var refusal = await host.RefusalAsync(config);
        Assert.Equal((HypervisorFailure.DiskMissing, $"{host.Root}/gone.qcow2"), (refusal.Failure, refusal.Subject));
    }

    [Fact]
    public async Task A_disk_in_use_is_named_and_the_first_guest_goes_on()
    {
        var first = host.Guest("first");
        await host.Hypervisor.StartAsync(first, Cancel);
        var refusal = await host.RefusalAsync(first with { Uuid = Guid.NewGuid() });
        Assert.Equal((HypervisorFailure.DiskInUse, first.Disks[0].Source!.Place), (refusal.Failure, refusal.Subject));
        Assert.Equal(DomainPowerState.Running, (await host.Hypervisor.FindAsync(first.Uuid, Cancel))!.PowerState);
        await host.Hypervisor.DestroyAsync(first.Uuid, Cancel);
    }

    [Fact]
    public async Task A_disk_of_another_format_is_named()
    {
        var config = host.Guest("raw");
        config = config with { Disks = [config.Disks[0] with { Source = config.Disks[0].Source! with { Format = DiskFormat.Qcow2 } }] };
        var refusal = await host.RefusalAsync(config);
        Assert.Equal((HypervisorFailure.DiskUnreadable, config.Disks[0].Source!.Place), (refusal.Failure, refusal.Subject));
    }

    [Fact]
    public async Task Too_little_memory_is_refused_with_both_numbers()
    {
        var refusal = await host.RefusalAsync(host.Guest("big") with { MemoryMaxBytes = 1L << 50 });
        Assert.Equal(HypervisorFailure.NotEnoughMemory, refusal.Failure);
        Assert.Equal(1L << 50, refusal.NeededBytes);
        Assert.InRange(refusal.AvailableBytes!.Value, 1, host.Hypervisor.Facts.MemoryTotalBytes);
    }

    [Fact]
    public async Task A_missing_bridge_is_named()
    {
        var config = host.Guest("x") with { Nics = [new DomainNic { Device = 0, Mac = "02:00:00:00:00:01", Bridge = "no-such-br" }] };
        var refusal = await host.RefusalAsync(config);
        Assert.Equal((HypervisorFailure.BridgeMissing, "no-such-br"), (refusal.Failure, refusal.Subject));
    }

    [Fact]
    public async Task A_missing_kernel_is_named()
    {
        var refusal = await host.RefusalAsync(host.Guest("x") with { Kernel = new DirectKernel { KernelPath = "/no/vmlinuz" } });
        Assert.Equal((HypervisorFailure.BootFileMissing, "/no/vmlinuz"), (refusal.Failure, refusal.Subject));
    }

    [Fact]
    public async Task A_running_vm_is_not_started_again()
    {
        var config = host.Guest("once");
        await host.Hypervisor.StartAsync(config, Cancel);
        var refusal = await Assert.ThrowsAsync<HypervisorException>(() => host.Hypervisor.StartAsync(config, Cancel));
        Assert.Equal(HypervisorFailure.AlreadyRunning, refusal.Failure);
        await host.Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task Two_starts_at_once_give_one_guest()
    {
        var config = host.Guest("raced");
        var starts = await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
        {
            try
            {
                await host.Hypervisor.StartAsync(config, Cancel);
                return (HypervisorFailure?)null;
            }
            catch (HypervisorException failure)
            {
                return failure.Failure;
            }
        }));
        Assert.Equal([null, HypervisorFailure.AlreadyRunning], starts.Order());
        await host.Hypervisor.DestroyAsync(config.Uuid, Cancel);
    }

    [Fact]
    public async Task An_impossible_configuration_names_every_problem()
    {
        var refusal = await host.RefusalAsync(
            host.Guest("x") with { Vcpus = 0, Nics = [new DomainNic { Device = 0, Mac = "?", Bridge = null }] });
        Assert.Equal(HypervisorFailure.ConfigInvalid, refusal.Failure);
        Assert.Contains("0 virtual CPUs", refusal.Problem);
        Assert.Contains("\"?\" is not a MAC address", refusal.Problem);
    }

    [Fact]
    public async Task A_guest_joins_a_bridge_of_the_host()
    {
        var bridge = $"rdt{Environment.ProcessId}";
        if (await IpAsync("link", "add", bridge, "type", "bridge") is { } reason)
            Assert.Skip($"This user can't make a bridge: {reason}");
        try
        {
            Assert.True(HostBridge.Exists(bridge));
            var config = host.Guest("plugged") with { Nics = [new DomainNic { Device = 0, Mac = "02:00:00:00:00:01", Bridge = bridge }] };
            await host.Hypervisor.StartAsync(config, Cancel);
            Assert.Single(Directory.EnumerateFileSystemEntries($"/sys/class/net/{bridge}/brif"));
            await Until.FileContainsAsync(config.ConsoleLogPath!, "plugged");
            await host.Hypervisor.DestroyAsync(config.Uuid, Cancel);
            Assert.Empty(Directory.EnumerateFileSystemEntries($"/sys/class/net/{bridge}/brif"));
        }
        finally
        {
            Assert.Null(await IpAsync("link", "del", bridge));
        }
    }

    private static async Task<string?> IpAsync(params string[] arguments)
    {
        using var ip = new Process();
        ip.StartInfo = new ProcessStartInfo("/usr/sbin/ip", arguments) { RedirectStandardError = true, UseShellExecute = false };
        ip.Start();
        var complaint = await ip.StandardError.ReadToEndAsync(Cancel);
        await ip.WaitForExitAsync(Cancel);
        return ip.ExitCode == 0 ? null : complaint;
    }
}
