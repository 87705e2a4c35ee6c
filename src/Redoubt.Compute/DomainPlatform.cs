namespace Redoubt.Compute;

/// <summary>What a host offers to build a domain on.</summary>
public sealed record DomainPlatform
{
    /// <summary>What runs the guest's instructions.</summary>
    public required Accelerator Accelerator { get; init; }

    /// <summary>The emulator's path on the host; <see langword="null"/> leaves the choice to libvirt.</summary>
    public string? EmulatorPath { get; init; }

    /// <summary>
    /// The machine type. <c>pc</c> by default: disks and interfaces plug into it without root ports set aside beforehand, and it is what
    /// guests of XenServer know. libvirt fixes the version when the guest starts.
    /// </summary>
    public string Machine { get; init; } = "pc";

    /// <summary>
    /// Who QEMU goes on as once it has opened what the guest needs and before the guest runs; <see langword="null"/> leaves it with whom
    /// libvirt starts it as.
    /// </summary>
    public GuestAccount? Account { get; init; }

    /// <summary>QEMU's version, by which it is told so.</summary>
    public Version QemuVersion { get; init; } = new(0, 0);
}
