using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>What a pool and a site that answers have in common that must not be. Pure.</summary>
/// <param name="Twice">VMs that run at both.</param>
/// <param name="ToHandOver">VMs of which this pool has the newer copy, and that the site could still start.</param>
internal sealed record SiteComparison(ImmutableArray<VmRecord> Twice, ImmutableArray<(VmRecord Ours, Ref<VmRecord> Theirs)> ToHandOver)
{
    /// <param name="ours">This pool's VMs.</param>
    /// <param name="theirs">The site's VMs.</param>
    public static SiteComparison Of(IEnumerable<VmRecord> ours, IReadOnlyDictionary<Ref<VmRecord>, VmRecord> theirs)
    {
        var there = theirs.Where(v => IsGuest(v.Value)).DistinctBy(v => v.Value.Uuid)
            .ToDictionary(v => v.Value.Uuid, v => v, StringComparer.Ordinal);
        var twice = ImmutableArray.CreateBuilder<VmRecord>();
        var toHandOver = ImmutableArray.CreateBuilder<(VmRecord, Ref<VmRecord>)>();
        foreach (var vm in ours.Where(IsGuest))
        {
            if (!there.TryGetValue(vm.Uuid, out var other))
            {
                continue;
            }

            if (IsUp(vm) && IsUp(other.Value))
            {
                twice.Add(vm);
            }

            if (vm.Version > other.Value.Version && HandOverMark.On(other.Value.BlockedOperations) is null
                && HandOverMark.On(vm.BlockedOperations) is null)
            {
                toHandOver.Add((vm, other.Key));
            }
        }

        return new(twice.ToImmutable(), toHandOver.ToImmutable());
    }

    private static bool IsGuest(VmRecord vm) => vm is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false };

    private static bool IsUp(VmRecord vm) => vm.PowerState is VmPowerState.Running or VmPowerState.Paused;
}
