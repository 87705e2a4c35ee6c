namespace Redoubt.Recovery;

/// <summary>What a VM has besides drives and network interfaces, and what may not exist elsewhere.</summary>
/// <param name="VtpmCount">Virtual TPMs.</param>
/// <param name="VgpuCount">Virtual GPUs.</param>
/// <param name="UsbCount">USB devices handed through.</param>
/// <param name="PciCount">PCI devices handed through.</param>
public sealed record VmDevices(int VtpmCount, int VgpuCount, int UsbCount, int PciCount);
