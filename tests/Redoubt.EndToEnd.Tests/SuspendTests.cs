using System.Text;
using Redoubt.Cli.Demo;
using Redoubt.XenApi;

namespace Redoubt.EndToEnd.Tests;

/// <summary>A guest that counts is suspended, and counts on where it was: here, after its daemon died, and at another site.</summary>
public sealed class SuspendTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_suspended_guest_counts_on_where_it_was_here_and_at_the_other_site()
    {
        await using var bench = new Bench();
        var shell = new Shell();
        var (primary, recovery) = (await bench.StartAsync("primary"), await bench.StartAsync("recovery"));
        var (guest, sr) = await BuildAsync(primary);
        await shell.RunAsync(primary, $"sr-enable-database-replication uuid={sr}");
        await shell.RunAsync(primary, "vm-start vm=alone");
        await DemoGuests.LogPassesAsync(primary, guest, 3);

        await shell.RunAsync(primary, "vm-suspend vm=alone");
        var first = DemoGuests.CountsOf(primary, guest);
        Assert.Equal("suspended", await shell.RunAsync(primary, $"vm-param-get uuid={guest.Uuid} param-name=power-state"));
        Assert.Empty(Bench.ProcessesBelow(Path.Combine(primary.DataDirectory, "vnc")));

        // Nothing of it is in the daemon: another one resumes it.
        await Bench.SignalAsync(primary.Daemon, "KILL");
        await primary.Daemon.WaitForExitAsync(Stop);
        var second = await bench.StartAsync("primary");
        await shell.RunAsync(second, "vm-resume vm=alone");
        await DemoGuests.LogPassesAsync(second, guest, first[^1] + 3);
        DemoGuests.RequireCountedOn(DemoGuests.CountsOf(second, guest));
        Assert.Equal(1, DemoGuests.BootsOf(second, guest));

        await shell.RunAsync(second, "vm-suspend vm=alone");
        var last = DemoGuests.CountsOf(second, guest)[^1];
        await second.KillAsync();
        await Replica.MirrorAsync(second.Storage, recovery.Storage);
        foreach (var network in DemoCommand.Networks)
        {
            await shell.RunAsync(recovery, $"network-create name-label={network}");
        }

        await shell.RunAsync(recovery, $"drtask-create type=file device-config:location={recovery.Storage} sr-whitelist={sr}");
        await shell.RunAsync(recovery, $"dr-failover sr-uuid={sr} source-dead=true --yes");
        await DemoGuests.LogPassesAsync(recovery, guest, last + 3);
        var there = DemoGuests.CountsOf(recovery, guest);
        Assert.Equal(last + 1, there[0]);
        DemoGuests.RequireCountedOn(there);
        Assert.Equal(0, DemoGuests.BootsOf(recovery, guest));
        Assert.Equal("", await shell.RunAsync(recovery, "vdi-list type=Suspend --minimal"));
    }

    [Fact]
    public async Task A_daemon_that_is_killed_while_it_suspends_leaves_the_guest_running_or_suspended()
    {
        await using var bench = new Bench();
        var shell = new Shell();
        var site = await bench.StartAsync("site");
        var (guest, _) = await BuildAsync(site);
        await shell.RunAsync(site, "vm-start vm=alone");
        await DemoGuests.LogPassesAsync(site, guest, 3);
        for (var round = 0; round < 3; round++)
        {
            var vm = await site.CallAsync<Ref<VmRecord>>("VM.get_by_uuid", Stop, guest.Uuid);
            var suspending = site.Api.CallAsync("VM.suspend", [vm], Stop);
            await Patience.UntilAsync(() => IsBeingWritten(site), "the image is being written");
            await Bench.SignalAsync(site.Daemon, "KILL");
            await site.Daemon.WaitForExitAsync(Stop);
            await Assert.ThrowsAnyAsync<Exception>(() => suspending);

            site = await bench.StartAsync("site");
            var state = await site.CallAsync<VmPowerState>("VM.get_power_state", Stop, vm);
            TestContext.Current.SendDiagnosticMessage($"round {round}: {state}");
            if (state == VmPowerState.Suspended)
            {
                await shell.RunAsync(site, "vm-resume vm=alone");
            }
            else
            {
                Assert.Equal(VmPowerState.Running, state);
            }

            await DemoGuests.LogPassesAsync(site, guest, DemoGuests.CountsOf(site, guest)[^1] + 3);
            Assert.Equal("", await shell.RunAsync(site, "vdi-list type=Suspend --minimal"));
        }

        DemoGuests.RequireCountedOn(DemoGuests.CountsOf(site, guest));
        Assert.Equal(1, DemoGuests.BootsOf(site, guest));
    }

    private static async Task<(DemoGuest Guest, string Sr)> BuildAsync(DemoSite site)
    {
        var guest = new DemoGuest("alone", 0, 0, false);
        return (guest, await site.CallAsync<string>("SR.get_uuid", Stop, await DemoGuests.BuildAsync(site, guest)));
    }

    /// <summary>The hypervisor's header is in a raw disk as soon as it writes to it.</summary>
    private static bool IsBeingWritten(DemoSite site) =>
        Directory.EnumerateFiles(site.Storage, "*.raw", SearchOption.AllDirectories).Any(path =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var magic = new byte[7];
            return file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length
                && Encoding.ASCII.GetString(magic) == "Libvirt";
        });
}
