using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// Which host each VM would find room on, if tier after tier each is started where most memory is free, the largest first. Where a VM
/// really starts the server decides, by much the same rule; this finds VMs that have room in all hosts together and in none of them. Pure.
/// </summary>
internal static class HostSpread
{
    /// <summary>Spreads VMs.</summary>
    /// <param name="tiers">What each VM of each tier takes, in bytes.</param>
    /// <param name="free">What each host has free.</param>
    /// <returns>The host of each VM, by its place in its tier; null: none has room.</returns>
    public static ImmutableArray<ImmutableArray<int?>> Of(IEnumerable<IReadOnlyList<decimal>> tiers, IEnumerable<decimal> free)
    {
        decimal[] left = [.. free];
        return [.. tiers.Select(tier => Spread(tier, left))];
    }

    private static ImmutableArray<int?> Spread(IReadOnlyList<decimal> sizes, decimal[] left)
    {
        var hosts = new int?[sizes.Count];
        foreach (var (place, size) in sizes.Index().OrderByDescending(s => s.Item).ThenBy(s => s.Index))
        {
            var most = Array.IndexOf(left, left.Max());
            if (size <= left[most])
            {
                left[most] -= size;
                hosts[place] = most;
            }
        }

        return [.. hosts];
    }
}
