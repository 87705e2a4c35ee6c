using System.Collections.Immutable;
using Redoubt.Recovery;

namespace Redoubt.Desk;

/// <summary>How a pool stands towards a disaster, on one screen.</summary>
public sealed record DrStatus
{
    /// <summary>The pool.</summary>
    public required PlanObject Pool { get; init; }

    /// <summary>When this was read.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What is wrong, in sentences, the worst first; nothing if nothing is.</summary>
    public ImmutableArray<string> Problems { get; init; } = [];

    /// <summary>The sites, and whether they answer.</summary>
    public ImmutableArray<SiteTest> Sites { get; init; } = [];

    /// <summary>The SRs that hold this pool's metadata.</summary>
    public ImmutableArray<ProtectedSr> Protected { get; init; } = [];

    /// <summary>VMs that a disaster would take with it.</summary>
    public ImmutableArray<UnprotectedVm> Unprotected { get; init; } = [];

    /// <summary>Other pools' metadata that are attached here.</summary>
    public ImmutableArray<FoundMetadata> Found { get; init; } = [];

    /// <summary>The saved plans, this pool's own first.</summary>
    public ImmutableArray<PlanStatus> Plans { get; init; } = [];

    /// <summary>How plans, vApps and VMs stand to their targets: those that have any.</summary>
    public ImmutableArray<TargetStanding> Targets { get; init; } = [];

    /// <summary>The schedules of tests.</summary>
    public ImmutableArray<Schedule> Schedules { get; init; } = [];

    /// <summary>The runs that are not over.</summary>
    public ImmutableArray<RunSummary> Runs { get; init; } = [];
}
