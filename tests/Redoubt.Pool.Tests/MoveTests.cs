using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>What a daemon that starts makes of a VM whose move was broken off; each as it stands in the database at that moment.</summary>
public sealed class MoveTests
{
    [Fact]
    public async Task A_VM_whose_move_away_was_broken_off_is_here_again()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var vm = await StartedAsync(site);
        await site.Daemon.Services.Database.WriteAsync(tx => Moves.Begin(tx, vm, other), TestSite.Cancel);
        Assert.Equal((site.Host, other), (site.Get(vm).ResidentOn, site.Get(vm).ScheduledToBeResidentOn));

        // The pretended guest has ended with the daemon, as one whose host fails.
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        var found = site.Get(vm);
        Assert.Equal((VmPowerState.Halted, true, true), (found.PowerState, found.ResidentOn.IsNull, found.ScheduledToBeResidentOn.IsNull));

        // What may be left at the other is not forgotten before that can be looked at.
        Assert.Equal(site.Get(other).Uuid, found.OtherConfig[Moves.RemnantKey]);
    }

    [Fact]
    public async Task A_VM_that_was_moved_away_is_taken_neither_for_ended_nor_for_running_here()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var vm = await StartedAsync(site);
        await site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                Moves.Begin(tx, vm, other);
                Moves.Switch(tx, vm, site.Host, other);
            },
            TestSite.Cancel);
        Assert.Equal(site.Get(site.Host).Uuid, site.Get(vm).OtherConfig[Moves.RemnantKey]);
        await site.Daemon.DisposeAsync();
        await site.StartAsync();
        var found = site.Get(vm);
        Assert.Equal((VmPowerState.Running, other, other), (found.PowerState, found.ResidentOn, found.ScheduledToBeResidentOn));
        Assert.DoesNotContain(Moves.RemnantKey, found.OtherConfig.Keys);
    }

    [Fact]
    public async Task A_VM_that_was_taken_for_dead_with_its_host_meanwhile_is_not_switched()
    {
        await using var site = await TestSite.OpenAsync();
        var other = await site.AddHostAsync("other");
        var vm = await StartedAsync(site);
        var refused = await Assert.ThrowsAsync<XenApiException>(() => site.Daemon.Services.Database.WriteAsync(
            tx =>
            {
                Moves.Begin(tx, vm, other);
                GuestStates.Halt(tx, vm);
                Moves.Switch(tx, vm, site.Host, other);
            },
            TestSite.Cancel));
        Assert.Equal("OPERATION_NOT_ALLOWED", refused.Code);
        Assert.Equal((site.Host, true), (site.Get(vm).ResidentOn, site.Get(vm).ScheduledToBeResidentOn.IsNull));
    }

    private static async Task<Ref<VmRecord>> StartedAsync(TestSite site)
    {
        var vm = await site.CreateVmAsync("vm");
        await site.CreateVbdAsync(vm, await site.CreateVdiAsync(await site.CreateSrAsync("sr")));
        await site.Client.CallAsync("VM.start", vm, false, false);
        return vm;
    }
}
