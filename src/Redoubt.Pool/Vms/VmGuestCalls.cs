using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Looking at a VM's guest: whether it answers, and what it shows. The evidence that a recovery has brought up what it should.
/// </summary>
internal sealed partial class VmGuestCalls(PoolServices pool)
{
    private const double SecondsMax = 60;

    [Message("VM.ping_guest_agent")]
    public async Task<bool> PingGuestAgentAsync(CallContext call, Ref<VmRecord> self, double timeout)
    {
        if (!(timeout is > 0 and <= SecondsMax))
        {
            throw new XenApiException("INVALID_VALUE", "timeout", timeout.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        var vm = call.State.Get(self);
        VmChecks.RequireState(self, vm, VmPowerState.Running);
        try
        {
            return await pool.Hosts.Of(vm).Hypervisor.PingAgentAsync(VmRows.Uuid(vm), TimeSpan.FromSeconds(timeout), call.Cancellation);
        }
        catch (HypervisorException e) when (e.Failure == HypervisorFailure.NotRunning)
        {
            throw new XenApiException(e, "VM_BAD_POWER_STATE", self.Opaque, "Running", "Halted");
        }
        catch (HypervisorException e)
        {
            throw GuestFailure.Explain(e, self, pool.Hosts.Of(vm).Host, null);
        }
    }

    [Message("VM.get_screenshot")]
    public async Task<string> GetScreenshotAsync(CallContext call, Ref<VmRecord> self)
    {
        var vm = call.State.Get(self);
        VmChecks.RequireState(self, vm, VmPowerState.Running, VmPowerState.Paused);
        try
        {
            var image = await pool.Hosts.Of(vm).Hypervisor.ScreenshotAsync(VmRows.Uuid(vm), call.Cancellation);
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
