using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What is on a VM's screen: the evidence that a test has brought up what it should.</summary>
internal sealed class VmScreenCalls(PoolServices pool)
{
    [Message("VM.get_screenshot")]
    public async Task<string> GetScreenshotAsync(CallContext call, Ref<VmRecord> self)
    {
        var vm = call.State.Get(self);
        VmChecks.RequireState(self, vm, VmPowerState.Running, VmPowerState.Paused);
        try
        {
            var image = await pool.Hypervisor.ScreenshotAsync(VmRows.Uuid(vm), call.Cancellation);
            return Convert.ToBase64String(image.ToPng());
        }
        catch (HypervisorException e) when (e.Failure == HypervisorFailure.NotRunning)
        {
            throw new XenApiException(e, "VM_BAD_POWER_STATE", self.Opaque, "Running", "Halted");
        }
        catch (HypervisorException e)
        {
            // Without a screen: the daemon's directory is too long for the socket, and the guest was started without one.
            throw new XenApiException(e, "OPERATION_NOT_ALLOWED", $"The screen of {vm.NameLabel} can't be seen: {e.Message}");
        }
        catch (InvalidDataException e)
        {
            throw new XenApiException(e, "INTERNAL_ERROR", e.Message);
        }
    }
}
