namespace Redoubt.Compute.Libvirt;

/// <summary>
/// Has libvirt's QEMU driver within this process find the secrets of its secret driver, for calls on the present thread. A libvirtd does
/// the same for each of its clients; a program that has both drivers within it is left to ask a libvirtd that is not there. What it takes
/// is not declared for programs, and has been in the library under these names since 4.1.
/// </summary>
internal sealed class EmbeddedSecrets : IDisposable
{
    // Belongs to libvirt, and is the same for all.
    private static readonly Lazy<nint> System = new(
        () => Native.IdentityGetSystem() is var made and not 0 ? made : throw LibvirtException.Last());

    internal EmbeddedSecrets(ConnectionHandle secrets)
    {
        LibvirtException.Check(Native.IdentitySetCurrent(System.Value));
        LibvirtException.Check(Native.SetConnectSecret(secrets.DangerousGetHandle()));
    }

    /// <summary>Has the thread as it was.</summary>
    public void Dispose()
    {
        _ = Native.SetConnectSecret(0);
        _ = Native.IdentitySetCurrent(0);
    }
}
