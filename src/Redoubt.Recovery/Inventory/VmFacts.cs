using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>A VM as one database has it. Templates, snapshots and control domains are left out of inventories.</summary>
public sealed record VmFacts
{
    /// <summary>Its UUID, the same in every copy.</summary>
    public required string Uuid { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, according to this database.</summary>
    public VmPowerState PowerState { get; init; }

    /// <summary>How often it has been recovered.</summary>
    public long Version { get; init; }

    /// <summary>
    /// The latest moment that this database records of it: when it was started, or a snapshot taken. XenAPI does not tell when a row was
    /// changed last, so this is a lower bound; null if there is none.
    /// </summary>
    public DateTimeOffset? LastRecordedAt { get; init; }

    /// <summary>The vApp it is in; empty if none.</summary>
    public string ApplianceUuid { get; init; } = "";

    /// <summary>Its tier.</summary>
    public long Order { get; init; }

    /// <summary>How long the next tier waits for it, in seconds.</summary>
    public long StartDelaySeconds { get; init; }

    /// <summary>The memory it can take.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Its virtual processors.</summary>
    public long CpuCount { get; init; }

    /// <summary>What its recovery is to keep to.</summary>
    public RecoveryTargets Targets { get; init; } = RecoveryTargets.None;

    /// <summary>Its tags.</summary>
    public ImmutableSortedSet<string> Tags { get; init; } = [];

    /// <summary>Whether high availability keeps it running.</summary>
    public bool IsKeptRunningByHa { get; init; }

    /// <summary>Whether it starts with its host.</summary>
    public bool StartsWithHost { get; init; }

    /// <summary>How many snapshots of it there are.</summary>
    public int SnapshotCount { get; init; }

    /// <summary>Whether Xen runs it without the hardware of a full machine, by a boot loader on the host.</summary>
    public bool IsParavirtual { get; init; }

    /// <summary>The disk with its suspended state; empty if none.</summary>
    public string SuspendVdiUuid { get; init; } = "";

    /// <summary>Its other devices.</summary>
    public VmDevices Devices { get; init; } = new(0, 0, 0, 0);

    /// <summary>
    /// What this database has of the variables of its UEFI firmware; null if it boots through no UEFI, or was never started and so has none
    /// yet.
    /// </summary>
    public FirmwareVariablesState? FirmwareVariables { get; init; }

    /// <summary>The files of its host that it boots from; most VMs boot from their disks alone.</summary>
    public ImmutableArray<BootFileFacts> BootFiles { get; init; } = [];

    /// <summary>
    /// Its virtual TPM; null if it has none, was never started with it, or nobody says what the database has of what it keeps.
    /// </summary>
    public TpmFacts? Tpm { get; init; }

    /// <summary>Why its rows are too damaged for anything to be recovered from them; null if they are not.</summary>
    public string? Unusable { get; init; }

    /// <summary>What else its rows say that can't be so, or that this version has no word for; it is recovered without that.</summary>
    public ImmutableArray<string> Oddities { get; init; } = [];

    /// <summary>Its drives.</summary>
    public ImmutableArray<VbdFacts> Vbds { get; init; } = [];

    /// <summary>Its network interfaces.</summary>
    public ImmutableArray<VifFacts> Vifs { get; init; } = [];
}
