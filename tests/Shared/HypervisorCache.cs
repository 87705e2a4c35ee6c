namespace Redoubt.Tests;

/// <summary>
/// What libvirt and Redoubt have found out about this machine's QEMU, for all tests together: where KVM hangs, finding it out takes ten
/// seconds of processor time. Both look whether it still holds.
/// </summary>
internal static class HypervisorCache
{
    /// <summary>Has an embedded hypervisor use it, unless its root has a cache already.</summary>
    public static void Share(string root)
    {
        var cache = Path.Combine(Directory.CreateDirectory(root).FullName, "cache");
        if (!Directory.Exists(cache))
        {
            var shared = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "hypervisor-cache"));
            File.CreateSymbolicLink(cache, shared.FullName);
        }
    }
}
