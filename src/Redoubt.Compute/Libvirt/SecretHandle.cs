using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>Owns one reference to a <c>virSecretPtr</c>.</summary>
internal sealed class SecretHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.SecretFree(handle) >= 0;
}
