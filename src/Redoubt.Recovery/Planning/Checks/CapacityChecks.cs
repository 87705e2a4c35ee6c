namespace Redoubt.Recovery;

/// <summary>
/// Whether the hosts have room. Placement is the server's, at start: this adds up, which finds what can't fit and not all that won't. It
/// never blocks, since most of the VMs running is better than none.
/// </summary>
internal static class CapacityChecks
{
    public static void Run(PlanScene scene, IReadOnlyList<PlanTier> tiers, FindingList findings)
    {
        if (scene.Policy.PowerState == PowerStateAfter.Halted || scene.Chosen.Count == 0)
        {
            return;
        }

        var hosts = scene.Target.Facts.Hosts.Where(h => h is { IsEnabled: true, IsLive: true }).ToList();
        if (hosts.Count == 0)
        {
            findings.Warn(
                "no-host", scene.PoolObject, "No host of the target pool is up and enabled, so nothing can be started.", "Enable a host.",
                null, scene.Chosen.Select(c => c.Object));
            return;
        }

        Memory(scene, tiers, hosts, findings);
        var processors = hosts.Max(h => h.CpuCount);
        foreach (var vm in scene.Chosen.Where(c => c.Vm.CpuCount > processors))
        {
            findings.Warn(
                "cpu-short", vm.Object, $"The VM has {vm.Vm.CpuCount} processors; the largest host has {processors}.",
                "It may run slowly, or not at all: give it fewer.");
        }
    }

    private static void Memory(PlanScene scene, IReadOnlyList<PlanTier> tiers, IReadOnlyList<HostFacts> hosts, FindingList findings)
    {
        var unknown = hosts.Where(h => h.MemoryFreeBytes is null).Select(h => h.Name).ToList();
        if (unknown.Count > 0)
        {
            findings.Warn(
                "memory-unknown", scene.PoolObject, $"How much memory is free was not learnt of: {string.Join(", ", unknown)}.",
                "Make sure by hand that the VMs fit.");
            return;
        }

        var largest = hosts.Max(h => h.MemoryFreeBytes!.Value);
        foreach (var vm in scene.Chosen.Where(c => c.Vm.MemoryBytes > largest))
        {
            findings.Warn(
                "memory-short", vm.Object,
                $"The VM takes {Moments.Bytes(vm.Vm.MemoryBytes)}; no host has more than {Moments.Bytes(largest)} free.",
                "Free memory on a host, or give the VM less.");
        }

        // What metadata say may be any number, and so may their sum.
        var free = hosts.Sum(h => (decimal)h.MemoryFreeBytes!.Value);
        var left = free;
        var sizes = scene.Chosen.ToDictionary(c => c.Vm.Uuid, c => (decimal)Math.Max(c.Vm.MemoryBytes, 0));
        foreach (var tier in tiers)
        {
            left -= tier.Vms.Sum(v => sizes[v.Uuid]);
            if (left < 0)
            {
                findings.Warn(
                    "memory-short", scene.PoolObject,
                    $"All VMs together take {Moments.Bytes(sizes.Values.Sum())}; the hosts have {Moments.Bytes(free)} free. It runs "
                        + $"out in tier {tier.Order}.",
                    "Free memory here, leave VMs out, or put the ones that matter into lower tiers.", null, tier.Vms);
                return;
            }
        }

        Spread(tiers, sizes, hosts, largest, findings, scene.PoolObject);
    }

    // Memory that is free on two hosts is not enough for a VM that needs both. One that no host could take even now is named already.
    private static void Spread(
        IReadOnlyList<PlanTier> tiers, Dictionary<string, decimal> sizes, IReadOnlyList<HostFacts> hosts, long largest,
        FindingList findings, PlanObject pool)
    {
        var free = hosts.Select(h => (decimal)h.MemoryFreeBytes!.Value);
        var places = HostSpread.Of(tiers.Select(t => t.Vms.Select(v => sizes[v.Uuid]).ToList()), free);
        foreach (var (tier, found) in tiers.Zip(places))
        {
            var without = tier.Vms.Where((v, i) => found[i] is null && sizes[v.Uuid] <= largest).ToList();
            if (without.Count > 0)
            {
                findings.Warn(
                    "memory-short", pool,
                    $"The hosts have the memory together, but no single one has what is left to be started in tier {tier.Order}: "
                    + $"{string.Join(", ", without.Select(v => v.Name))}.",
                    "Free memory on one host, leave VMs out, or put the large ones into lower tiers.", null, without);
                return;
            }
        }
    }
}
