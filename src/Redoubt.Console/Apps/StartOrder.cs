using System.Collections.Immutable;
using Redoubt.Desk;

namespace Redoubt.Console.Apps;

/// <summary>In which order the VMs of a vApp start: tiers by their order, one after the other.</summary>
public static class StartOrder
{
    /// <summary>The tiers of some VMs, the first first.</summary>
    public static ImmutableArray<Tier> TiersOf(IEnumerable<VmView> vms)
    {
        var tiers = ImmutableArray.CreateBuilder<Tier>();
        var begins = TimeSpan.Zero;
        foreach (var tier in vms.GroupBy(v => v.Order).OrderBy(g => g.Key))
        {
            var wait = tier.Max(v => v.StartDelay);
            tiers.Add(new(tier.Key, [.. tier.OrderBy(v => v.Name, StringComparer.OrdinalIgnoreCase)], begins, wait));
            begins += wait;
        }

        return tiers.ToImmutable();
    }

    /// <summary>What must change so that a VM joins a tier.</summary>
    /// <param name="tiers">The tiers as they are.</param>
    /// <param name="uuid">The VM.</param>
    /// <param name="tier">The place of the tier in the list.</param>
    /// <returns>The new orders, by the VMs' UUIDs; none if nothing changes.</returns>
    public static ImmutableDictionary<string, long> Join(ImmutableArray<Tier> tiers, string uuid, int tier) =>
        Find(tiers, uuid) is { } vm && tier >= 0 && tier < tiers.Length && tiers[tier].Order != vm.Order
            ? ImmutableDictionary<string, long>.Empty.Add(uuid, tiers[tier].Order)
            : ImmutableDictionary<string, long>.Empty;

    /// <summary>What must change so that a VM has a tier of its own.</summary>
    /// <param name="tiers">The tiers as they are.</param>
    /// <param name="uuid">The VM.</param>
    /// <param name="before">The place of the tier that the new one comes before; the number of tiers for the end.</param>
    /// <returns>The new orders, by the VMs' UUIDs; none if nothing changes.</returns>
    public static ImmutableDictionary<string, long> Part(ImmutableArray<Tier> tiers, string uuid, int before)
    {
        var own = IndexOf(tiers, uuid);
        if (own < 0 || (tiers[own].Vms.Length == 1 && before is var b && (b == own || b == own + 1)))
        {
            return ImmutableDictionary<string, long>.Empty;
        }

        var lists = tiers.Select(t => t.Vms.Where(v => v.Uuid != uuid).ToList()).ToList();
        var vm = tiers[own].Vms.First(v => v.Uuid == uuid);
        lists.Insert(before, [vm]);
        return Renumber(lists.Where(l => l.Count > 0).ToList());
    }

    /// <summary>
    /// What must change so that a VM starts one place earlier or later: it leaves a tier that it shares, or joins the next one.
    /// </summary>
    public static ImmutableDictionary<string, long> Step(ImmutableArray<Tier> tiers, string uuid, bool earlier)
    {
        var own = IndexOf(tiers, uuid);
        return own < 0 ? ImmutableDictionary<string, long>.Empty
            : tiers[own].Vms.Length > 1 ? Part(tiers, uuid, earlier ? own : own + 1)
            : Join(tiers, uuid, earlier ? own - 1 : own + 1);
    }

    // From 0 on, so that the numbers say what people count; only those that differ are changed.
    private static ImmutableDictionary<string, long> Renumber(List<List<VmView>> lists) => lists
        .SelectMany((list, order) => list.Where(v => v.Order != order).Select(v => KeyValuePair.Create(v.Uuid, (long)order)))
        .ToImmutableDictionary();

    private static VmView? Find(ImmutableArray<Tier> tiers, string uuid) =>
        tiers.SelectMany(t => t.Vms).FirstOrDefault(v => v.Uuid == uuid);

    private static int IndexOf(ImmutableArray<Tier> tiers, string uuid)
    {
        for (var i = 0; i < tiers.Length; i++)
        {
            if (tiers[i].Vms.Any(v => v.Uuid == uuid))
            {
                return i;
            }
        }

        return -1;
    }
}
