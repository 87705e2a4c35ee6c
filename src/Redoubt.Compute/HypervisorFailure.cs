namespace Redoubt.Compute;

/// <summary>Why the hypervisor did not do what it was asked: the cases a caller may want to tell apart.</summary>
public enum HypervisorFailure
{
    /// <summary>libvirt's library is not installed.</summary>
    LibraryMissing,

    /// <summary>libvirt is installed, but not the driver for this URI.</summary>
    DriverMissing,

    /// <summary>The emulator (QEMU) is not installed, or not where it was said to be.</summary>
    EmulatorMissing,

    /// <summary>No UEFI firmware is installed.</summary>
    FirmwareMissing,

    /// <summary>The user account that libvirt insists on does not exist.</summary>
    AccountMissing,

    /// <summary>The hypervisor did not answer, or refused the connection.</summary>
    ConnectionFailed,

    /// <summary>
    /// The hypervisor, or the guest that it was asked about, has not answered in time; whether it will do it is not known.
    /// </summary>
    NotAnswering,

    /// <summary>Another process runs the embedded hypervisor on the same root.</summary>
    RootInUse,

    /// <summary>This process already runs an embedded hypervisor on another root; libvirt allows one.</summary>
    SecondRoot,

    /// <summary>The URI or the VM's configuration cannot work; every problem is named.</summary>
    ConfigInvalid,

    /// <summary>A disk's image does not exist.</summary>
    DiskMissing,

    /// <summary>A disk's image exists, but cannot be read, or is not in the format it is said to be in.</summary>
    DiskUnreadable,

    /// <summary>Another process has the disk's image open for writing: most likely the VM runs already, here or elsewhere.</summary>
    DiskInUse,

    /// <summary>The kernel or the initial ramdisk does not exist.</summary>
    BootFileMissing,

    /// <summary>The host has no bridge of that name.</summary>
    BridgeMissing,

    /// <summary>The host has less memory available than the guest needs.</summary>
    NotEnoughMemory,

    /// <summary>The VM runs already on this host.</summary>
    AlreadyRunning,

    /// <summary>The hypervisor knows no domain of that kind, running or not.</summary>
    NotDefined,

    /// <summary>The VM does not run on this host.</summary>
    NotRunning,

    /// <summary>The guest is in no state to do it: for example, a paused guest cannot shut itself down.</summary>
    WrongPowerState,

    /// <summary>The file of a suspended guest is not whole.</summary>
    SavedStateUnusable,

    /// <summary>A running guest can't be given a device, or be changed in this way; the words say why.</summary>
    DeviceRefused,

    /// <summary>The guest holds on to what is in its CD drive.</summary>
    DriveLocked,

    /// <summary>The guest's agent does not hold its file systems still; the words say why.</summary>
    NotQuiet,

    /// <summary>Anything else, in the hypervisor's own words.</summary>
    Refused,
}
