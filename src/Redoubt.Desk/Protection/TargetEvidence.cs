using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>What targets are judged by.</summary>
public sealed record TargetEvidence
{
    /// <summary>The pool, whose <c>other_config</c> has the targets of vApps.</summary>
    public required PoolRecord Pool { get; init; }

    /// <summary>What would come back after a disaster.</summary>
    public required ProtectionFacts Protection { get; init; }

    /// <summary>The VMs' own rows, by reference: their targets and tags.</summary>
    public required Func<Ref<VmRecord>, VmRecord?> FindVm { get; init; }

    /// <summary>The vApps.</summary>
    public required IReadOnlyCollection<KeyValuePair<Ref<VmApplianceRecord>, VmApplianceRecord>> Appliances { get; init; }

    /// <summary>How long the copy of the database on an SR has not been written, by the SR's UUID.</summary>
    public required IReadOnlyDictionary<string, TimeSpan?> CopyAges { get; init; }

    /// <summary>The saved plans of this pool.</summary>
    public required IReadOnlyCollection<SavedPlan> Plans { get; init; }

    /// <summary>All runs, the newest first.</summary>
    public required IReadOnlyList<RunSummary> Runs { get; init; }

    /// <summary>How long VMs took in runs.</summary>
    public required Func<IReadOnlySet<string>, IReadOnlyList<VmRto>> RtosOf { get; init; }
}
