namespace Redoubt.Compute;

/// <summary>
/// What a guest is to be made of: plain values, from which <see cref="DomainXml"/> makes libvirt's description.
/// </summary>
public sealed record DomainConfig
{
    /// <summary>The VM's UUID, which is the domain's UUID too.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>
    /// The VM's name for people; any text. It is not the libvirt name, which is the UUID, because VM names need not be unique.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>The most memory the guest can ever have, in bytes (static maximum).</summary>
    public required long MemoryMaxBytes { get; init; }

    /// <summary>What the balloon leaves the guest at first, in bytes (dynamic target); <see langword="null"/> for all of it.</summary>
    public long? MemoryTargetBytes { get; init; }

    /// <summary>The number of virtual CPUs, from 1.</summary>
    public required int Vcpus { get; init; }

    /// <summary>How many it can be given while it runs; <see langword="null"/> for no more than those.</summary>
    public int? MostVcpus { get; init; }

    /// <summary>How many of all that it can have a socket holds, which divides them; <see langword="null"/> for all.</summary>
    public int? CoresPerSocket { get; init; }

    /// <summary>What the guest boots with.</summary>
    public Firmware Firmware { get; init; }

    /// <summary>Where a UEFI guest keeps its variables; <see langword="null"/> lets libvirt choose a file under its own root.</summary>
    public string? NvramPath { get; init; }

    /// <summary>Whether the guest has a TPM, version 2.0. What it keeps lies at <see cref="TpmStates.FileOf"/>.</summary>
    public bool HasTpm { get; init; }

    /// <summary>
    /// What to try in turn, as in <c>HVM_boot_params:order</c>: <c>c</c> disk, <c>d</c> CD, <c>n</c> network. Other letters are ignored,
    /// as the hypervisors of XenServer do; with none left it is <c>cd</c>.
    /// </summary>
    public string BootOrder { get; init; } = "cd";

    /// <summary>A kernel to load directly; <see langword="null"/> boots through the firmware.</summary>
    public DirectKernel? Kernel { get; init; }

    /// <summary>The disks and CD drives.</summary>
    public IReadOnlyList<DomainDisk> Disks { get; init; } = [];

    /// <summary>The network interfaces.</summary>
    public IReadOnlyList<DomainNic> Nics { get; init; } = [];

    /// <summary>The file that the first serial port is appended to; <see langword="null"/> keeps nothing of the output.</summary>
    public string? ConsoleLogPath { get; init; }

    /// <summary>
    /// The unix socket of the first serial port, at which one client at a time reads and types; <see langword="null"/> for a port that is
    /// only kept.
    /// </summary>
    public string? SerialSocketPath { get; init; }

    /// <summary>The unix socket of the VNC console; <see langword="null"/> for a guest without a screen.</summary>
    public string? VncSocketPath { get; init; }

    /// <summary>
    /// The unix socket of the guest agent's channel, held by libvirt; <see langword="null"/> for no agent.
    /// </summary>
    public string? AgentSocketPath { get; init; }

    /// <summary>Lines of text that the guest finds in its firmware's tables (SMBIOS, type 11).</summary>
    public IReadOnlyList<string> FirmwareStrings { get; init; } = [];

    /// <summary>
    /// libvirt's description of the domain that the VM was adopted from, of which everything is taken over that these values don't say and
    /// that names nothing of a host; <see langword="null"/>: there is none.
    /// </summary>
    public string? Definition { get; init; }

    /// <summary>Leave the guest paused before its first instruction.</summary>
    public bool StartPaused { get; init; }

    /// <summary>Everything that makes these values impossible, in words; empty when nothing does.</summary>
    public IReadOnlyList<string> Problems() => [.. DomainConfigRules.Check(this)];
}
