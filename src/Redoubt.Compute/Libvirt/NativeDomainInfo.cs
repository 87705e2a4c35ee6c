using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary><c>virDomainInfo</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeDomainInfo
{
    internal byte State;
    internal nuint MaxMemoryKiB;
    internal nuint MemoryKiB;
    internal ushort Vcpus;
    internal ulong CpuTimeNanoseconds;
}
