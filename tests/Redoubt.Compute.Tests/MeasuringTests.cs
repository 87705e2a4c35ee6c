namespace Redoubt.Compute.Tests;

/// <summary>What a real guest and this machine are measured to use.</summary>
[Collection(EmbeddedHostCollection.Name)]
public sealed class MeasuringTests(EmbeddedHost host)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guests_processors_memory_disks_and_interfaces_are_measured_and_so_is_the_host()
    {
        var config = host.Guest("measured");
        config = config with
        {
            Vcpus = 2,
            Disks = [config.Disks[0], config.Disks[0] with { Device = 1, Source = host.Guest("more").Disks[0].Source }],
        };
        var other = host.Guest("other");
        await host.Hypervisor.StartAsync(config, Cancel);
        await host.Hypervisor.StartAsync(other, Cancel);
        try
        {
            await Patience.UntilAsync(
                async () => (await Of(config.Uuid)).GetValueOrDefault("vbd_xvda_read") is { Value: >= 512 },
                "it has read its first sector");
            var first = await Of(config.Uuid);
            Assert.Equal(config.MemoryMaxBytes, first["memory"].Value);
            Assert.False(first["memory"].IsCounter);
            Assert.True(first["cpu0"] is { IsCounter: true, Value: > 0 } && first.ContainsKey("cpu1"));
            Assert.True(first.ContainsKey("vbd_xvdb_write") && first["vbd_xvda_iops_read"].Value >= 1);
            await Patience.UntilAsync(
                async () => (await Of(config.Uuid))["cpu0"].Value > first["cpu0"].Value, "it uses more of its processor");

            var ours = await Of(null);
            Assert.InRange(ours["memory_free_kib"].Value, 1, ours["memory_total_kib"].Value);
            Assert.True(ours.ContainsKey($"cpu{Environment.ProcessorCount - 1}") && ours["loadavg"].Value >= 0);

            // A guest that does not answer is passed over, but for what is known without it.
            var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(host.Root, "run/qemu", $"{config.Uuid:D}.pid"), Cancel));
            using var stop = System.Diagnostics.Process.Start("kill", ["-STOP", $"{pid}"]);
            await stop.WaitForExitAsync(Cancel);
            try
            {
                await Patience.UntilAsync(() => IsMeasuredAsync(other.Uuid), "the others are measured");
                Assert.True((await Of(null)).ContainsKey("loadavg"));
                Assert.False((await Of(config.Uuid)).ContainsKey("vbd_xvda_read"));
            }
            finally
            {
                using var go = System.Diagnostics.Process.Start("kill", ["-CONT", $"{pid}"]);
                await go.WaitForExitAsync(CancellationToken.None);
            }
        }
        finally
        {
            await host.Hypervisor.DestroyAsync(config.Uuid, CancellationToken.None);
            await host.Hypervisor.DestroyAsync(other.Uuid, CancellationToken.None);
        }
    }

    [Fact]
    public void What_libvirt_says_is_named_as_XenServer_names_it()
    {
        var uuid = Guid.NewGuid();
        var said = new Dictionary<string, object>
        {
            ["vcpu.maximum"] = 3d,
            ["vcpu.0.time"] = 2e9,
            ["vcpu.2.time"] = 5e8,
            ["balloon.current"] = 1024d,
            ["balloon.maximum"] = 2048d,
            ["balloon.unused"] = 17d,
            ["block.count"] = 2d,
            ["block.0.name"] = "vdc",
            ["block.0.rd.bytes"] = 7d,
            ["block.0.wr.bytes"] = 8d,
            ["block.1.name"] = "sda",
            ["block.1.rd.bytes"] = 9d,
            ["net.count"] = 2d,
            ["net.0.name"] = "vnet4",
            ["net.0.rx.bytes"] = 3d,
            ["net.0.tx.bytes"] = 4d,
            ["net.1.name"] = "vnet5",
        };
        Assert.Equal(
            [
                new(uuid, "cpu0", true, 2), new(uuid, "cpu2", true, 0.5), new(uuid, "memory", false, 1 << 20),
                new(uuid, "memory_target", false, 2 << 20), new(uuid, "memory_internal_free", false, 17),
                new(uuid, "vbd_xvdc_read", true, 7), new(uuid, "vbd_xvdc_write", true, 8),
                new(uuid, "vif_52:54:00:00:00:01_rx", true, 3), new(uuid, "vif_52:54:00:00:00:01_tx", true, 4),
            ],
            GuestReadings.Of(uuid, said, new Dictionary<string, string> { ["vnet4"] = "52:54:00:00:00:01" }));
        Assert.Empty(GuestReadings.Of(
            uuid, new Dictionary<string, object> { ["block.count"] = "x", ["vcpu.maximum"] = 2d }, new Dictionary<string, string>()));
    }

    [Fact]
    public void What_the_kernel_says_of_the_host_is_read()
    {
        const string Stat = "cpu  1 2 3 4 5 6 7 8 9 0\ncpu0 100 0 50 900 10 0 20 30 5 0\ncpu1 0 0 0 1 0 0 0 0 0 0\nintr 5\n";
        Assert.Equal(
            [
                new(null, "cpu0", true, 2), new(null, "cpu1", true, 0), new(null, "memory_total_kib", false, 8),
                new(null, "memory_free_kib", false, 2), new(null, "loadavg", false, 0.25),
            ],
            HostReadings.Of(Stat, "0.25 0.30 0.40 1/234 5678\n", new HostMemory(8192, 2048)));
    }

    private async Task<bool> IsMeasuredAsync(Guid vm)
    {
        try
        {
            return (await Of(vm)).ContainsKey("vbd_xvda_read");
        }
        catch (HypervisorException waits) when (waits.Failure == HypervisorFailure.NotAnswering)
        {
            return false;
        }
    }

    private async Task<Dictionary<string, Reading>> Of(Guid? vm) =>
        (await host.Hypervisor.MeasureAsync(Cancel)).Where(r => r.Vm == vm).ToDictionary(r => r.Source);
}
