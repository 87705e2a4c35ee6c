using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary><c>virNodeInfo</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeNodeInfo
{
    internal ModelText Model;
    internal nuint MemoryKiB;
    internal uint Cpus;
    internal uint Mhz;
    internal uint Nodes;
    internal uint Sockets;
    internal uint Cores;
    internal uint Threads;

    /// <summary><c>char model[32]</c>, ended by a NUL.</summary>
    [InlineArray(32)]
    internal struct ModelText
    {
        private byte _first;
    }
}
