namespace Redoubt.XenApi;

/// <summary>The boot of a VM from a kernel on its host, without firmware. Pure.</summary>
public static class DirectBoot
{
    /// <summary>
    /// Whether a VM boots so: it names a kernel and nothing else. One with a bootloader or a boot policy boots through the firmware.
    /// </summary>
    public static bool IsUsedBy(VmRecord vm) => vm is { PvBootloader: "", HvmBootPolicy: "" } && vm.PvKernel.StartsWith('/');
}
