namespace Redoubt.Compute;

/// <summary>What runs the guests' instructions.</summary>
public enum Accelerator
{
    /// <summary>QEMU's translator: works everywhere, ten to fifty times slower than the processor.</summary>
    Tcg,

    /// <summary>The processor itself, through Linux.</summary>
    Kvm,

    /// <summary>Nothing: libvirt's test driver only pretends.</summary>
    Test,
}
