using Redoubt.Compute;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Says in XenAPI's codes what the hypervisor said in words. The words go along wherever a code has room for them.</summary>
internal static class GuestFailure
{
    /// <summary>The failure as a client sees it.</summary>
    /// <param name="e">What the hypervisor said.</param>
    /// <param name="vm">The VM that it was asked about.</param>
    /// <param name="host">The host that was asked.</param>
    /// <param name="plan">What the VM was to be started with; null if it was not to be started.</param>
    public static XenApiException Explain(HypervisorException e, Ref<VmRecord> vm, Ref<HostRecord> host, DomainPlan? plan)
    {
        var disk = plan?.DiskAt(e.Subject);
        return e.Failure switch
        {
            HypervisorFailure.NotEnoughMemory => new(e, "HOST_NOT_ENOUGH_FREE_MEMORY", $"{e.NeededBytes ?? 0}", $"{e.AvailableBytes ?? 0}"),
            HypervisorFailure.DiskMissing when disk is { } d => new(e, "VDI_MISSING", d.Sr.Opaque, d.Vdi.Opaque),
            HypervisorFailure.DiskInUse when disk is { } d => new(e, "VDI_IN_USE", d.Vdi.Opaque, "VM.start"),
            HypervisorFailure.DiskUnreadable when disk is { } d => new(e, "VDI_NOT_AVAILABLE", d.Vdi.Opaque),
            HypervisorFailure.BootFileMissing => new(e, "BOOTLOADER_FAILED", vm.Opaque, e.Message),
            HypervisorFailure.AlreadyRunning => new(e, "DOMAIN_EXISTS", vm.Opaque, ""),
            HypervisorFailure.NotRunning => new(e, "VM_BAD_POWER_STATE", vm.Opaque, "Running", "Halted"),
            HypervisorFailure.WrongPowerState => new(e, "VM_BAD_POWER_STATE", vm.Opaque, "Running", "Paused"),
            HypervisorFailure.NotQuiet => new(e, "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED", vm.Opaque, e.Message),
            HypervisorFailure.ConnectionFailed => NoHypervisor(e, host),

            // The operator can mend these on this machine, and the words say how. So it is with a guest that hangs, though what was asked
            // may still come.
            HypervisorFailure.LibraryMissing or HypervisorFailure.DriverMissing or HypervisorFailure.EmulatorMissing
                or HypervisorFailure.FirmwareMissing or HypervisorFailure.AccountMissing or HypervisorFailure.BridgeMissing
                or HypervisorFailure.ConfigInvalid or HypervisorFailure.RootInUse or HypervisorFailure.SecondRoot
                or HypervisorFailure.SavedStateUnusable or HypervisorFailure.DiskMissing or HypervisorFailure.DiskInUse
                or HypervisorFailure.DiskUnreadable or HypervisorFailure.NotAnswering or HypervisorFailure.DeviceRefused
                or HypervisorFailure.DriveLocked or HypervisorFailure.NotDefined =>
                new(e, "OPERATION_NOT_ALLOWED", e.Message),
            HypervisorFailure.Refused => new(e, "INTERNAL_ERROR", e.Message),
        };
    }

    /// <summary>
    /// The failure of everything that takes a hypervisor, while there is none. A code of our own: xapi's has no place for the reason.
    /// </summary>
    public static XenApiException NoHypervisor(HypervisorException? reason, Ref<HostRecord> host)
    {
        var why = reason?.Message ?? "The hypervisor has just come back. Repeat the command.";
        return reason is null ? new("HOST_HYPERVISOR_LOST", host.Opaque, why) : new(reason, "HOST_HYPERVISOR_LOST", host.Opaque, why);
    }
}
