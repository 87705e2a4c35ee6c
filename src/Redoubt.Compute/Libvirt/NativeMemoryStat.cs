using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary><c>virDomainMemoryStatStruct</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeMemoryStat
{
    internal int Tag;
    internal ulong Value;
}
