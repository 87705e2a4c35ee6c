using System.Collections.Immutable;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A daemon comes up whatever a killed one has left of its guests, and without a hypervisor if need be.</summary>
public sealed class NoHypervisorTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_daemon_that_is_killed_in_the_middle_of_a_start_comes_up_again_and_tells_the_truth()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var vm = await CreateAsync(site, "half started");
        var uuid = await site.CallAsync<string>("VM.get_uuid", Stop, vm);
        var record = Path.Combine(site.DataDirectory, "hypervisor/run/qemu", $"{uuid}.xml");
        foreach (var mark in new[] { "pid='0'", "reason='starting up'", "state='running'" })
        {
            var start = site.Api.CallAsync("VM.start", [vm, false, false], Stop);
            while (!Read(record).Contains(mark, StringComparison.Ordinal))
            {
                await Task.Yield();
            }

            site.Daemon.Kill();
            await site.Daemon.WaitForExitAsync(Stop);
            // Where the guest runs already, the answer may have come before the kill.
            await Task.WhenAny(start);

            site = await bench.StartAsync("site");
            var after = await site.CallAsync<VmRecord>("VM.get_record", Stop, vm);
            Assert.Empty(after.CurrentOperations);
            var runs = Bench.ProcessesBelow(site.DataDirectory + "/").Any(p => p.Contains($"guest={uuid}", StringComparison.Ordinal));
            Assert.True(runs || !start.IsCompletedSuccessfully);
            Assert.Equal(runs ? VmPowerState.Running : VmPowerState.Halted, after.PowerState);
            if (!runs)
            {
                await site.Api.CallAsync("VM.start", [vm, false, false], Stop);
            }

            await site.Api.CallAsync("VM.hard_shutdown", [vm], Stop);
        }
    }

    [Fact]
    public async Task A_daemon_without_a_hypervisor_says_so_and_takes_it_up_when_it_can_be_had()
    {
        await using var bench = new Bench();
        var data = Path.Combine(bench.Directory, "site", "data");
        Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // libvirt reads the operator's own settings, and chokes on these.
        var settings = Path.Combine(data, "hypervisor", "etc", "qemu.conf");
        Directory.CreateDirectory(Path.GetDirectoryName(settings)!);
        await File.WriteAllTextAsync(settings, "an operator's own settings = [ \n", Stop);

        var site = await bench.StartAsync("site");
        var vm = await CreateAsync(site, "waits");
        var refused = await Assert.ThrowsAsync<XenApiException>(() => site.Api.CallAsync("VM.start", [vm, false, false], Stop));
        Assert.Equal("HOST_HYPERVISOR_LOST", refused.Code);
        Assert.Contains("qemu.conf", refused.Parameters[1], StringComparison.Ordinal);
        var host = await HostAsync(site);
        Assert.False(await IsLiveAsync(site, host));
        Assert.True(host.Enabled); // That is the operator's word, and nobody has said otherwise.
        Assert.Contains(await MessagesAsync(site), m => m.Name == "HOST_HYPERVISOR_LOST" && m.ObjUuid == host.Uuid);

        Assert.Contains("qemu.conf", await site.CallAsync<string>("recovery.get_status", Stop), StringComparison.Ordinal);

        File.Delete(settings);
        while ((await MessagesAsync(site)).All(m => m.Name != "HOST_HYPERVISOR_BACK"))
        {
            await Task.Delay(50, Stop);
        }

        Assert.True(await IsLiveAsync(site, await HostAsync(site)));
        await site.Api.CallAsync("VM.start", [vm, false, false], Stop);
        Assert.Equal(VmPowerState.Running, (await site.CallAsync<VmRecord>("VM.get_record", Stop, vm)).PowerState);
        await site.Api.CallAsync("VM.hard_shutdown", [vm], Stop);
    }

    private static async Task<IEnumerable<MessageRecord>> MessagesAsync(DemoSite site) =>
        await Task.WhenAll((await site.CallAsync<ImmutableList<Ref<MessageRecord>>>("message.get_all", Stop))
            .Select(m => site.CallAsync<MessageRecord>("message.get_record", Stop, m)));

    private static async Task<HostRecord> HostAsync(DemoSite site) =>
        await site.CallAsync<HostRecord>(
            "host.get_record", Stop, (await site.CallAsync<ImmutableList<Ref<HostRecord>>>("host.get_all", Stop)).Single());

    private static async Task<bool> IsLiveAsync(DemoSite site, HostRecord host) =>
        (await site.CallAsync<HostMetricsRecord>("host_metrics.get_record", Stop, host.Metrics)).Live;

    private static Task<Ref<VmRecord>> CreateAsync(DemoSite site, string name) =>
        site.CallAsync<Ref<VmRecord>>("VM.create", Stop, new VmRecord
        {
            NameLabel = name,
            VcpusMax = 1,
            VcpusAtStartup = 1,
            MemoryStaticMin = 1 << 25,
            MemoryDynamicMin = 1 << 25,
            MemoryDynamicMax = 1 << 25,
            MemoryStaticMax = 1 << 25,
        });

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
