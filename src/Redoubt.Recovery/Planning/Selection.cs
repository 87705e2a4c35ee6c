using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>Which VMs are to be recovered: those that any of the lists names; all of them if no list names anything.</summary>
public sealed record Selection
{
    /// <summary>VMs, by name or UUID.</summary>
    public ImmutableSortedSet<string> Vms { get; init; } = [];

    /// <summary>vApps, by name or UUID, with all their members.</summary>
    public ImmutableSortedSet<string> Appliances { get; init; } = [];

    /// <summary>Tags: every VM that has one of them.</summary>
    public ImmutableSortedSet<string> Tags { get; init; } = [];

    /// <summary>Whether everything is chosen.</summary>
    public bool IsEverything() => Vms.IsEmpty && Appliances.IsEmpty && Tags.IsEmpty;
}
