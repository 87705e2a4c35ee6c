namespace Redoubt.Compute;

/// <summary>What a libvirt URI leads to, as far as Redoubt treats it differently.</summary>
internal enum HypervisorKind
{
    /// <summary>libvirt's QEMU driver inside this process.</summary>
    Embedded,

    /// <summary>A libvirtd on this very host, which sees the same files and bridges.</summary>
    Local,

    /// <summary>Another host.</summary>
    Remote,

    /// <summary>libvirt's test driver.</summary>
    Test,
}
