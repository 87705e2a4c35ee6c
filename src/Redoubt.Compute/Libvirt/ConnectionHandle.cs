using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>Owns one reference to a <c>virConnectPtr</c>.</summary>
internal sealed class ConnectionHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.ConnectClose(handle) >= 0;
}
