using System.Diagnostics;
using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What a VM does when its guest ends or reboots by itself.</summary>
public sealed class GuestActionTests
{
    [Theory]
    [InlineData(DomainEventKind.ShutDown, OnNormalExit.Restart, OnCrashBehaviour.Destroy, true)]
    [InlineData(DomainEventKind.ShutDown, OnNormalExit.Destroy, OnCrashBehaviour.Restart, false)]
    [InlineData(DomainEventKind.Crashed, OnNormalExit.Restart, OnCrashBehaviour.Destroy, false)]
    [InlineData(DomainEventKind.Crashed, OnNormalExit.Restart, OnCrashBehaviour.CoredumpAndDestroy, false)]
    [InlineData(DomainEventKind.Crashed, OnNormalExit.Restart, OnCrashBehaviour.Preserve, false)]
    [InlineData(DomainEventKind.Crashed, OnNormalExit.Destroy, OnCrashBehaviour.Restart, true)]
    [InlineData(DomainEventKind.Crashed, OnNormalExit.Destroy, OnCrashBehaviour.CoredumpAndRestart, true)]
    [InlineData(DomainEventKind.Crashed, OnNormalExit.Destroy, OnCrashBehaviour.RenameRestart, true)]
    [InlineData(DomainEventKind.Destroyed, OnNormalExit.Restart, OnCrashBehaviour.Restart, false)]
    public void A_VM_is_started_again_as_it_says(DomainEventKind end, OnNormalExit shutdown, OnCrashBehaviour crash, bool starts) =>
        Assert.Equal(starts, GuestActions.IsToRestart(new() { ActionsAfterShutdown = shutdown, ActionsAfterCrash = crash }, end));

    [Fact]
    public async Task A_guest_that_shuts_itself_down_is_started_again_and_one_that_is_shut_down_is_not()
    {
        await using var site = await TestSite.OpenAsync();
        var vm = await site.CreateVmAsync("vm", v => v with { ActionsAfterShutdown = OnNormalExit.Restart });
        var other = await site.CreateVmAsync("other");
        await site.Client.CallAsync("VM.start", vm, false, false);
        await HasRunAsync(site, vm);
        var first = site.Get(vm).Domid;
        await site.Daemon.Services.Hosts.Local.Hypervisor.ShutdownAsync(Guid.Parse(site.Get(vm).Uuid), TestSite.Cancel);
        await Patience.UntilAsync(() => site.Get(vm) is { PowerState: VmPowerState.Running } now && now.Domid != first, "it runs again");
        await Patience.UntilAsync(() => site.Get(vm).CurrentOperations.IsEmpty, "its start has ended");

        foreach (var message in new[] { "VM.clean_shutdown", "VM.hard_shutdown", "VM.shutdown" })
        {
            await HasRunAsync(site, vm);
            await site.Client.CallAsync(message, vm);

            // Events are dealt with in their order, so when a later one has been, so has that of the shutdown.
            await site.Client.CallAsync("VM.start", other, false, false);
            await site.Daemon.Services.Hosts.Local.Hypervisor.DestroyAsync(Guid.Parse(site.Get(other).Uuid), TestSite.Cancel);
            await Patience.UntilAsync(() => site.Get(other).PowerState == VmPowerState.Halted, "the later event is dealt with");
            Assert.True(site.Get(vm) is { PowerState: VmPowerState.Halted, CurrentOperations.IsEmpty: true });
            await site.Client.CallAsync("VM.start", vm, false, false);
        }
    }

    [Fact]
    [Trait("Needs", "guest")]
    public async Task A_real_guest_that_crashes_or_reboots_does_what_its_VM_says()
    {
        using var libvirtd = new OwnLibvirtd();
        await libvirtd.StartAsync();
        await using var site = await TestSite.OpenOnAsync(libvirtd.Uri);
        var vm = await site.CreateVmAsync("vm", v => v with
        {
            ActionsAfterCrash = OnCrashBehaviour.Restart,
            ActionsAfterReboot = OnNormalExit.Destroy,
        });
        var uuid = Guid.Parse(site.Get(vm).Uuid);
        await site.Client.CallAsync("VM.start", vm, false, false);
        await HasRunAsync(site, vm);
        var first = site.Get(vm).Domid;
        using (var qemu = Process.GetProcessById(libvirtd.PidOf(uuid)))
        {
            qemu.Kill();
        }

        await Patience.UntilAsync(() => site.Get(vm) is { PowerState: VmPowerState.Running } now && now.Domid != first, "it runs again");
        Assert.Contains(site.All<MessageRecord>(), m => m.Name == "VM_CRASHED");
        await Patience.UntilAsync(() => site.Get(vm).CurrentOperations.IsEmpty, "its start has ended");

        await using var beside = await Hypervisor.OpenAsync(new() { Uri = libvirtd.Uri }, TestSite.Cancel);
        await beside.ResetAsync(uuid, TestSite.Cancel);
        await Patience.UntilAsync(() => site.Get(vm).PowerState == VmPowerState.Halted, "a reboot that nobody asked for ends it");

        // Whoever asks for a reboot gets one, whatever the VM says of those that nobody asks for.
        await site.Client.CallAsync("VM.start", vm, false, false);
        await site.Client.CallAsync("VM.hard_reboot", vm);
        await beside.PauseAsync(uuid, TestSite.Cancel);
        await Patience.UntilAsync(() => site.Get(vm).PowerState == VmPowerState.Paused, "a later event is dealt with");
        await site.Client.CallAsync("VM.hard_shutdown", vm);
    }

    // One that ends as soon as it was started waits for half a minute.
    private static Task HasRunAsync(TestSite site, Ref<VmRecord> vm) => site.Daemon.Services.Database.WriteAsync(
        tx => tx.Update(tx.Get(vm).Metrics, m => m with { StartTime = m.StartTime.AddMinutes(-1) }), TestSite.Cancel);
}
