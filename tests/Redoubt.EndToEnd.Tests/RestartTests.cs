using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

public sealed class RestartTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public async Task A_guest_outlives_its_daemon_and_the_next_daemon_has_it_again(string signal)
    {
        await using var bench = new Bench();
        var first = await bench.StartAsync("site");
        var guest = new DemoGuest("alone", 0, 0, false);
        await DemoGuests.BuildAsync(first, guest);
        var vm = await first.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid);
        await first.Api.CallAsync("VM.start", [vm, false, false], Stop);
        await Patience.UntilAsync(() => guest.Read(first).LastCount > 3, "the guest counts");

        await Bench.SignalAsync(first.Daemon, signal);
        await first.Daemon.WaitForExitAsync(Stop);
        var reached = guest.Read(first).LastCount;
        await Patience.UntilAsync(() => guest.Read(first).LastCount > reached + 5, "the guest counts on without a daemon");

        var second = await bench.StartAsync("site");
        Assert.Equal(VmPowerState.Running, (await second.CallAsync<VmRecord>("VM.get_record", Stop, vm)).PowerState);
        // Had it booted again, it would have told where it resumed from.
        Assert.Equal(0, guest.Read(second).ResumedFrom);
        await second.Api.CallAsync("VM.clean_shutdown", [vm], Stop);
        Assert.Equal(VmPowerState.Halted, (await second.CallAsync<VmRecord>("VM.get_record", Stop, vm)).PowerState);
        Assert.Empty(Bench.ProcessesBelow(Path.Combine(second.DataDirectory, "vnc")));
    }

    [Fact]
    public async Task A_daemon_that_was_killed_leaves_the_host_no_bridge_that_nobody_needs_once_another_has_started()
    {
        Assert.SkipWhen(Environment.UserName != "root", "Only who may configure the network can make bridges.");
        await using var bench = new Bench();
        var (killed, other) = (await bench.StartAsync("killed"), await bench.StartAsync("other"));
        var shell = new Shell();
        foreach (var site in new[] { killed, other })
        {
            shell["NET"] = await shell.RunAsync(site, "network-create name-label=n");
            shell["VM"] = await shell.RunAsync(site, "vm-create name-label=vm memory=64MiB");
            await shell.RunAsync(site, "vif-create vm-uuid=$VM network-uuid=$NET device=0");
            await shell.RunAsync(site, "vm-start vm=vm");
        }

        await shell.RunAsync(other, "vm-shutdown vm=vm --force");
        var (left, empty) = (Assert.Single(BridgesOf(killed)), Assert.Single(BridgesOf(other)));
        await killed.KillAsync();
        await Patience.UntilAsync(() => !IsInUse(left), "the guest has let its bridge go");

        // Of another pool, and what it finds empty of a pool that runs it leaves there. (Any that has started meanwhile may have been
        // first.)
        await bench.StartAsync("third");
        Assert.False(Directory.Exists($"/sys/class/net/{left}"));
        Assert.True(Directory.Exists($"/sys/class/net/{empty}"));
    }

    [Fact]
    public async Task Every_acknowledged_change_survives_the_daemon_being_killed()
    {
        await using var bench = new Bench();
        var site = await bench.StartAsync("site");
        var vms = new List<Ref<VmRecord>>();
        for (var i = 0; i < 8; i++)
        {
            vms.Add(
                await site.CallAsync<Ref<VmRecord>>(
                    "VM.create",
                    Stop,
                    new VmRecord
                    {
                        NameLabel = $"vm {i}",
                        VcpusMax = 1,
                        VcpusAtStartup = 1,
                        MemoryStaticMax = 1 << 27,
                        MemoryDynamicMax = 1 << 27,
                        MemoryDynamicMin = 1 << 27,
                        MemoryStaticMin = 1 << 26,
                    }));
        }

        var acknowledged = new long[vms.Count];
        var writers = vms.Select((vm, i) => Task.Run(
            async () =>
            {
                for (var n = 1L; ; n++)
                {
                    await site.Api.CallAsync("VM.set_name_description", [vm, $"{n}"], Stop);
                    Volatile.Write(ref acknowledged[i], n);
                }
            },
            Stop)).ToList();
        await Patience.UntilAsync(() => acknowledged.All(a => a > 50), "each writer has written");
        site.Daemon.Kill();
        await Task.WhenAll(writers.Select(w => Assert.ThrowsAnyAsync<Exception>(() => w)));

        var next = await bench.StartAsync("site");
        for (var i = 0; i < vms.Count; i++)
        {
            var kept = long.Parse(await next.CallAsync<string>("VM.get_name_description", Stop, vms[i]));
            Assert.InRange(kept, acknowledged[i], acknowledged[i] + 1);
        }
    }

    private static List<string> BridgesOf(DemoSite site) =>
        [.. Directory.GetDirectories("/sys/class/net").Select(Path.GetFileName).OfType<string>()
            .Where(
                n => n.StartsWith("rdn", StringComparison.Ordinal)
                    && File.ReadAllText($"/sys/class/net/{n}/ifalias").Contains($" {site.Daemon.Id} ", StringComparison.Ordinal))];

    private static bool IsInUse(string bridge)
    {
        try
        {
            return Directory.GetFileSystemEntries($"/sys/class/net/{bridge}/brif").Length > 0;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
    }
}
