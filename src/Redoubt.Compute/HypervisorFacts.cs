using System.Text.Json.Serialization;

namespace Redoubt.Compute;

/// <summary>What a hypervisor is, found out when it was opened.</summary>
public sealed record HypervisorFacts
{
    /// <summary>The libvirt URI.</summary>
    public required string Uri { get; init; }

    /// <summary>Whether it is the driver within a daemon's own process, and no libvirtd.</summary>
    [JsonIgnore]
    public bool IsEmbedded => HypervisorUri.Parse(Uri).Kind == HypervisorKind.Embedded;

    /// <summary>The host's name.</summary>
    public required string HostName { get; init; }

    /// <summary>What tells one boot of the host's machine from another: the kernel's own identity; null: it does not say.</summary>
    public string? BootId { get; init; }

    /// <summary>libvirt's name for the driver: <c>QEMU</c>, <c>TEST</c>.</summary>
    public required string Driver { get; init; }

    /// <summary>The version of the hypervisor (of QEMU, for example).</summary>
    public required Version HypervisorVersion { get; init; }

    /// <summary>The version of the libvirt library.</summary>
    public required Version LibvirtVersion { get; init; }

    /// <summary>The number of the host's logical processors.</summary>
    public required int CpuCount { get; init; }

    /// <summary>The host processor's model name, or its architecture where the name can't be had.</summary>
    public required string CpuModel { get; init; }

    /// <summary>The host's memory in bytes; for what is free now see <see cref="Hypervisor.GetMemoryAsync"/>.</summary>
    public required long MemoryTotalBytes { get; init; }

    /// <summary>What guests are built on.</summary>
    public required DomainPlatform Platform { get; init; }

    /// <summary>
    /// Why guests have more rights on this host than they should, a whole sentence; <see langword="null"/> when they have not.
    /// </summary>
    public string? Unconfined { get; init; }

    /// <summary>
    /// What an operator should know about this host, whole sentences: above all, why KVM is not used. Empty when all is well.
    /// </summary>
    public required IReadOnlyList<string> Warnings { get; init; }
}
