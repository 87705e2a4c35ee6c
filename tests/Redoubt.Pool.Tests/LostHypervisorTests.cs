using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>A libvirtd that dies, hangs and comes back, below a daemon that goes on.</summary>
[Trait("Needs", "time")]
public sealed class LostHypervisorTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_hypervisor_that_was_lost_is_taken_up_again(bool hangs)
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        await using var site = await TestSite.OpenOnAsync(libvirtd.Uri);
        var (runs, ends, halted) = (await site.CreateVmAsync("runs"), await site.CreateVmAsync("ends"), await site.CreateVmAsync("halted"));
        await site.Client.CallAsync("VM.start", runs, false, false);
        await site.Client.CallAsync("VM.start", ends, false, false);

        if (hangs)
        {
            await libvirtd.SignalAsync("STOP");
        }
        else
        {
            await libvirtd.KillAsync();
        }

        await Patience.UntilAsync(() => Told(site, "HOST_HYPERVISOR_LOST"), "the loss is told");
        Assert.Equal("HOST_HYPERVISOR_LOST", (await site.Client.FailAsync("VM.start", halted, false, false))[0]);
        Assert.Equal("HOST_HYPERVISOR_LOST", (await site.Client.FailAsync("VM.hard_shutdown", runs))[0]);
        Assert.IsType<LinkState.Lost>(site.Daemon.Services.Hosts.Local.State);
        Assert.False(IsLive(site));

        // Whether it is to run VMs is the operator's to say, and nobody has said so.
        Assert.True(site.Get(site.Host).Enabled);

        // What is not known stays as it was last seen.
        Assert.Equal(VmPowerState.Running, site.Get(runs).PowerState);

        if (hangs)
        {
            await libvirtd.SignalAsync("CONT");
        }
        else
        {
            await libvirtd.StartAsync();
        }

        await Patience.UntilAsync(() => Told(site, "HOST_HYPERVISOR_BACK"), "the hypervisor is back");
        Assert.True(IsLive(site));
        Assert.Equal(VmPowerState.Running, site.Get(runs).PowerState);

        // Calls work, and events come.
        await site.Client.CallAsync("VM.start", halted, false, false);
        await using (var other = await Hypervisor.OpenAsync(new() { Uri = libvirtd.Uri }, TestSite.Cancel))
        {
            await other.DestroyAsync(Guid.Parse(site.Get(ends).Uuid), TestSite.Cancel);
        }

        await Patience.UntilAsync(() => site.Get(ends).PowerState == VmPowerState.Halted, "the end of a guest is noticed");
        await site.Client.CallAsync("VM.hard_shutdown", runs);
        await site.Client.CallAsync("VM.hard_shutdown", halted);
    }

    [Fact]
    public async Task A_daemon_starts_before_its_hypervisor_does()
    {
        using var libvirtd = new OwnLibvirtd();
        await using var site = await TestSite.OpenOnAsync(libvirtd.Uri);
        var vm = await site.CreateVmAsync("vm");
        var refused = await site.Client.FailAsync("VM.start", vm, false, false);
        Assert.Equal("HOST_HYPERVISOR_LOST", refused[0]);
        Assert.Contains("libvirt-sock", refused[2], StringComparison.Ordinal);
        Assert.True(Told(site, "HOST_HYPERVISOR_LOST"));

        await libvirtd.StartAsync();
        await Patience.UntilAsync(() => Told(site, "HOST_HYPERVISOR_BACK"), "the hypervisor is back");
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.CallAsync("VM.hard_shutdown", vm);
    }

    private static bool IsLive(TestSite site) => site.Get(site.Get(site.Host).Metrics).Live;

    private static bool Told(TestSite site, string name) => site.All<MessageRecord>().Any(m => m.Name == name);
}
