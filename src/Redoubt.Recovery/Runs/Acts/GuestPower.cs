using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Stops guests: asks them first, and switches off what does not listen.</summary>
internal static class GuestPower
{
    /// <summary>A VM that neither runs nor holds anything that could go on by itself.</summary>
    public static bool IsOff(VmPowerState state) => state is VmPowerState.Halted or VmPowerState.Suspended;

    /// <summary>Brings a VM down, whatever it takes. A suspended one is left as it is.</summary>
    public static async Task StopAsync(StepScope scope, XenApiClient api, Ref<VmRecord> vm, string name)
    {
        var state = await StateAsync(scope, api, vm);
        if (state == VmPowerState.Running && await AskAsync(scope, api, vm) is { } reason)
        {
            scope.Log($"VM {name} did not shut itself down ({reason}); it is switched off.");
        }

        await SwitchOffAsync(scope, api, vm);
    }

    /// <summary>Switches a VM off. A suspended one is left as it is.</summary>
    public static async Task SwitchOffAsync(StepScope scope, XenApiClient api, Ref<VmRecord> vm)
    {
        // The shutdown that was broken off may still be under way at the server.
        var giveUpAt = scope.Time.GetUtcNow() + TimeSpan.FromSeconds(60);
        while (!IsOff(await StateAsync(scope, api, vm)))
        {
            try
            {
                await api.RunTaskAsync("VM.hard_shutdown", [vm], cancellationToken: scope.Token);
            }
            catch (XenApiException busy) when (busy.Code is "OTHER_OPERATION_IN_PROGRESS" or "VM_BAD_POWER_STATE"
                && scope.Time.GetUtcNow() < giveUpAt)
            {
                await Task.Delay(scope.Config.PollInterval, scope.Time, scope.Token);
            }
        }
    }

    public static Task<VmPowerState> StateAsync(StepScope scope, XenApiClient api, Ref<VmRecord> vm) =>
        api.Vm.GetPowerStateAsync(vm, scope.Token);

    // As a task, since only that can be given up. Null: it went well.
    private static async Task<string?> AskAsync(StepScope scope, XenApiClient api, Ref<VmRecord> vm)
    {
        var task = await StepTask.StartAsync(scope, api, "VM.clean_shutdown", vm);
        var until = scope.Time.GetUtcNow() + scope.Config.ShutdownLimit;
        while (true)
        {
            if (await task.EndAsync() is { } end)
            {
                return end.Error.IsEmpty ? null : string.Join(", ", end.Error);
            }

            if (scope.Time.GetUtcNow() >= until)
            {
                await task.CancelAsync();
                return $"it took longer than {Moments.Write(scope.Config.ShutdownLimit)}";
            }

            await Task.Delay(scope.Config.PollInterval, scope.Time, scope.Token);
        }
    }
}
