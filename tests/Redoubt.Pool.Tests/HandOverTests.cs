using Microsoft.Extensions.Logging.Abstractions;
using Redoubt.XenApi;

namespace Redoubt.Pool.Tests;

/// <summary>A pool does not start its own copies of VMs that it has handed over, and a VM that comes back leaves that behind.</summary>
public sealed class HandOverTests
{
    private static readonly string Reason = HandOverMark.Reason("pool other", "run 1");

    [Fact]
    public async Task What_was_handed_over_starts_in_no_way_until_it_is_taken_back()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        var (primary, vm) = (scene.Primary, scene.Vm);
        await BlockAsync(scene);
        Assert.Equal(["OPERATION_BLOCKED", vm.Opaque, Reason], await primary.Client.FailAsync("VM.start", vm, false, false));
        Assert.Equal("OPERATION_BLOCKED", (await primary.Client.FailAsync("VM.start_on", vm, primary.Host, false, false))[0]);
        Assert.Equal("OPERATION_BLOCKED", (await primary.Client.FailAsync("VM.resume", vm, false, false))[0]);
        await primary.Client.FailAsync("VM_appliance.start", scene.Appliance, false);
        Assert.Equal(VmPowerState.Halted, primary.Get(vm).PowerState);

        await primary.Client.CallAsync("VM.take_back", vm, "the other copy is gone");
        Assert.Empty(primary.Get(vm).BlockedOperations);
        await primary.Client.CallAsync("VM.start", vm, false, false);
    }

    [Fact]
    public async Task A_recovered_VM_does_not_inherit_the_mark_but_what_somebody_else_blocked()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        await scene.Primary.Client.CallAsync("VM.hard_shutdown", scene.Vm);
        await BlockAsync(scene);
        await scene.Primary.Client.CallAsync("VM.add_to_blocked_operations", scene.Vm, VmOperations.Destroy, "mine");
        var foreign = await scene.OpenForeignAsync();
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, scene.Site.Client.Session.Ref, false);
        Assert.Equal([VmOperations.Destroy], scene.Site.Get(scene.Recovered()).BlockedOperations.Keys);
    }

    [Fact]
    public async Task A_snapshot_that_its_VM_left_behind_gives_way()
    {
        await using var scene = await RecoveryScene.OpenAsync();
        await scene.ProtectAsync();
        var snapshot = await scene.Primary.CreateVmAsync("snapshot");
        await scene.Primary.Daemon.Services.Database.WriteAsync(
            tx => tx.Update(snapshot, v => v with { IsASnapshot = true, IsATemplate = true, SnapshotOf = scene.Vm }), TestSite.Cancel);
        var foreign = await scene.OpenForeignAsync();
        var to = scene.Site.Client.Session.Ref;
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, to, false);
        await scene.Site.Client.CallAsync("VM.destroy", scene.Recovered());
        Assert.Single(scene.Site.All<VmRecord>(), v => v.NameLabel == "snapshot");
        await foreign.CallAsync("VM_appliance.recover", scene.Appliance, to, false);
        Assert.Equal(scene.Recovered(), Assert.Single(scene.Site.All<VmRecord>(), v => v.NameLabel == "snapshot").SnapshotOf);
    }

    [Fact]
    public Task What_fails_after_a_recovery_does_not_undo_that_it_was_done() =>
        Recoverer.AfterwardsAsync(
            NullLoggerFactory.Instance, "it could not be noted", () => throw new IOException("no space left on device"));

    private static async Task BlockAsync(RecoveryScene scene)
    {
        foreach (var operation in HandOverMark.Operations)
        {
            await scene.Primary.Client.CallAsync("VM.add_to_blocked_operations", scene.Vm, operation, Reason);
        }
    }
}
