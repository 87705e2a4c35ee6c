using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>Owns one reference to a <c>virStreamPtr</c>.</summary>
internal sealed class StreamHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.StreamFree(handle) >= 0;
}
