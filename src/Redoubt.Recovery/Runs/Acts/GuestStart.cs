using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>
/// Has a guest run. A server answers <c>VM.start</c> only when the VM's start delay is over, but the guest runs long before that, and
/// others wait for its place: so a VM with a delay is watched, and the delay is left to the wait for the tier, where it counts once.
/// </summary>
internal static class GuestStart
{
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(100);

    /// <summary>Acts by what the VM is now, so that a repeated step starts nothing a second time.</summary>
    /// <returns>Whether it was started now; else it ran already.</returns>
    public static async Task<bool> RunAsync(StepScope scope, Ref<VmRecord> vm, bool isPaused)
    {
        var record = await scope.GetAsync(scope.Target, vm);
        switch (record.PowerState)
        {
            case VmPowerState.Halted when record.StartDelay > 0:
                await WatchAsync(scope, vm, await StepTask.StartAsync(scope, scope.Target, "VM.start", vm, isPaused, false));
                return true;
            case VmPowerState.Halted:
                await scope.Target.Vm.StartAsync(vm, isPaused, false, scope.Token);
                return true;
            case VmPowerState.Suspended:
                await scope.Target.Vm.ResumeAsync(vm, isPaused, false, scope.Token);
                return true;
            case VmPowerState.Paused when !isPaused:
                await scope.Target.Vm.UnpauseAsync(vm, scope.Token);
                return true;
            default:
                return false;
        }
    }

    // The task is left to the server, which sweeps up what has ended. Whether the guest stays up is what the health check finds out.
    private static async Task WatchAsync(StepScope scope, Ref<VmRecord> vm, StepTask task)
    {
        var look = scope.Config.PollInterval < LongestLook ? scope.Config.PollInterval : LongestLook;
        while (await GuestPower.StateAsync(scope, scope.Target, vm) == VmPowerState.Halted)
        {
            if (await task.EndAsync() is { } ended)
            {
                ended.ThrowIfFailed();
                return;
            }

            await Task.Delay(look, scope.Time, scope.Token);
        }
    }
}
