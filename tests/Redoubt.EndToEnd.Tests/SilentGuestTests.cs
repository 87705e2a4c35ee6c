using System.Collections.Immutable;
using System.Diagnostics;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest whose QEMU hangs is told of, and holds up no other.</summary>
public sealed class SilentGuestTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_that_stops_answering_while_the_daemon_runs_is_named_until_it_answers_again()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var (hangs, ends, well, paused) = (await StartAsync(site, "hangs"), await StartAsync(site, "ends"), await StartAsync(
            site, "well"), await StartAsync(site, "stands"));
        await site.Api.CallAsync("VM.pause", [paused], Stop);
        var uuid = await site.CallAsync<string>("VM.get_uuid", Stop, hangs);
        var qemu = Qemu(site, uuid);

        await SignalAsync(qemu, "STOP");
        await SignalAsync(Qemu(site, await site.CallAsync<string>("VM.get_uuid", Stop, ends)), "STOP");
        await Patience.UntilAsync(async () => (await StatusAsync(site)).Contains(
            "The guests of 2 VMs (ends, hangs) do not answer", StringComparison.Ordinal), "both are told");
        await Patience.UntilAsync(async () => (await MessagesAsync(site, uuid)) is ["VM_NOT_ANSWERING"], "there is a message of it");

        // Nothing about the others waits. One that is switched off is no longer told of.
        await site.Api.CallAsync("VM.unpause", [paused], Stop);
        await site.Api.CallAsync("VM.hard_shutdown", [well], Stop);
        await StartAsync(site, "later");
        await site.Api.CallAsync("VM.hard_shutdown", [ends], Stop);
        await Patience.UntilAsync(async () => (await StatusAsync(site)).Contains(
            $"The guest of VM hangs ({uuid}) does not answer", StringComparison.Ordinal), "one is told");
        Assert.Equal(VmPowerState.Halted, (await site.CallAsync<VmRecord>("VM.get_record", Stop, ends)).PowerState);

        // The next daemon knows it from its start.
        await Bench.SignalAsync(site.Daemon, "TERM");
        await site.Daemon.WaitForExitAsync(Stop);
        site = await bench.StartAsync("site");
        await Patience.UntilAsync(async () => (await StatusAsync(site)).Contains("The guest of VM hangs", StringComparison.Ordinal),
            "it is told again");

        await SignalAsync(qemu, "CONT");
        await Patience.UntilAsync(async () => !(await StatusAsync(site)).Contains("not answer", StringComparison.Ordinal),
            "it answers again");
        await Patience.UntilAsync(async () => (await MessagesAsync(site, uuid))[^1] == "VM_ANSWERING_AGAIN", "that is told too");
    }

    private static async Task<Ref<VmRecord>> StartAsync(DemoSite site, string name)
    {
        var vm = await site.CallAsync<Ref<VmRecord>>("VM.create", Stop, new VmRecord
        {
            NameLabel = name,
            VcpusMax = 1,
            VcpusAtStartup = 1,
            MemoryStaticMin = 1 << 25,
            MemoryDynamicMin = 1 << 25,
            MemoryDynamicMax = 1 << 25,
            MemoryStaticMax = 1 << 25,
        });
        await site.Api.CallAsync("VM.start", [vm, false, false], Stop);
        return vm;
    }

    private static Task<string> StatusAsync(DemoSite site) => site.CallAsync<string>("recovery.get_status", Stop);

    private static async Task<List<string>> MessagesAsync(DemoSite site, string uuid)
    {
        var all = await Task.WhenAll((await site.CallAsync<ImmutableList<Ref<MessageRecord>>>("message.get_all", Stop))
            .Select(m => site.CallAsync<MessageRecord>("message.get_record", Stop, m)));
        return [.. all.Where(m => m.ObjUuid == uuid).OrderBy(m => m.Timestamp).Select(m => m.Name)];
    }

    private static int Qemu(DemoSite site, string uuid) => int.Parse(
        File.ReadAllText(Path.Combine(site.DataDirectory, "hypervisor/run/qemu", $"{uuid}.pid")),
            System.Globalization.CultureInfo.InvariantCulture);

    private static async Task SignalAsync(int pid, string signal)
    {
        using var process = Process.GetProcessById(pid);
        await Bench.SignalAsync(process, signal);
    }
}
