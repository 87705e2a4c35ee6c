using System.Runtime.InteropServices;

namespace Redoubt.Compute.Libvirt;

/// <summary>Owns one reference to a <c>virDomainPtr</c>.</summary>
internal sealed class DomainHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <summary>Takes over the reference that <paramref name="domain"/> stands for.</summary>
    internal DomainHandle(nint domain)
        : this() => SetHandle(domain);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Native.DomainFree(handle) >= 0;
}
