using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary><c>virDomainStatsRecord</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeDomainStats
{
    internal nint Domain;
    internal NativeTypedParameter* Parameters;
    internal int Count;
}
