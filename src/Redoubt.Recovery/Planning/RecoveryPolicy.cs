using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>What the operator wants. Together with an <see cref="Inventory"/> it decides a plan.</summary>
public sealed record RecoveryPolicy
{
    /// <summary>What the recovery is for.</summary>
    public required RecoveryKind Kind { get; init; }

    /// <summary>Which VMs.</summary>
    public Selection Chosen { get; init; } = new();

    /// <summary>What they do afterwards.</summary>
    public PowerStateAfter PowerState { get; init; } = PowerStateAfter.Start;

    /// <summary>
    /// The operator's statement that the source is dead: that none of its hosts runs any of the VMs, now or when it comes back. It names no
    /// pool, so it counts only where exactly one could be meant; else <see cref="DeadSources"/> must say which.
    /// </summary>
    public bool IsSourceDead { get; init; }

    /// <summary>The same statement about single pools or sites, by name or UUID.</summary>
    public ImmutableSortedSet<string> DeadSources { get; init; } = [];

    /// <summary>Which network of the target (name or UUID) stands for which of the source (name or UUID).</summary>
    public ImmutableSortedDictionary<string, string> Networks { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The same for a test. A network that is not named here gets an isolated one.</summary>
    public ImmutableSortedDictionary<string, string> TestNetworks { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Which SR of the target stands for which of the source, by UUID.</summary>
    public ImmutableSortedDictionary<string, string> Storage { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Other tiers than recorded, by the VM's UUID or name.</summary>
    public ImmutableSortedDictionary<string, long> Orders { get; init; } = ImmutableSortedDictionary<string, long>.Empty;

    /// <summary>
    /// Which copy to take where the facts can't decide: the VM's UUID, and the metadata volume's UUID or <see cref="CopyHere"/>.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Copies { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Disks that the operator agrees to go without, by UUID.</summary>
    public ImmutableSortedSet<string> AcceptedMissingDisks { get; init; } = [];

    /// <summary>Metadata volumes, by UUID, that the operator wants to be believed though nothing proves that they are a pool's.</summary>
    public ImmutableSortedSet<string> AcceptedVolumes { get; init; } = [];

    /// <summary>How much at once, and how long.</summary>
    public RecoveryLimits Limits { get; init; } = new();

    /// <summary>What the recovery as a whole is to keep to.</summary>
    public RecoveryTargets Targets { get; init; } = RecoveryTargets.None;

    /// <summary>What a failed tier means for the tiers after it.</summary>
    public TierFailure OnTierFailure { get; init; } = TierFailure.Continue;

    /// <summary>The same for single tiers, by their order.</summary>
    public ImmutableSortedDictionary<long, TierFailure> OnFailureOfTier { get; init; } = ImmutableSortedDictionary<long, TierFailure>.Empty;

    /// <summary>
    /// The moment to recover from, as <c>VDI.open_database_at</c> takes it: a time or a generation. Null for the newest state. Only the
    /// metadata are taken from then; the disks are what the storage has.
    /// </summary>
    public string? PointInTime { get; init; }

    /// <summary>
    /// Findings whose automatic fix is applied, as first steps of the run, and undone with it: <c>code</c>, or <c>code:object-uuid</c>.
    /// </summary>
    public ImmutableSortedSet<string> Resolve { get; init; } = [];

    /// <summary>Scripts that are run between steps.</summary>
    public ImmutableArray<RunHook> Hooks { get; init; } = [];

    /// <summary>Whether a VM may count as healthy though interfaces of it are not plugged. It is warned of all the same.</summary>
    public bool AcceptsUnplugged { get; init; }

    /// <summary>Other health checks than recorded, by the VM's UUID or name (docs/operating/runs.md has the kinds).</summary>
    public ImmutableSortedDictionary<string, string> Health { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether VMs may be recovered from a volume.</summary>
    public bool Believes(VolumeFacts volume) => volume.Unproven is null || AcceptedVolumes.Contains(volume.VdiUuid);

    /// <summary>In <see cref="Copies"/>: the target pool's own copy.</summary>
    public const string CopyHere = "here";
}
