namespace Redoubt.Recovery;

/// <summary>A pool that could be running some of the chosen VMs.</summary>
/// <param name="Pool">The pool.</param>
/// <param name="Vms">Those VMs.</param>
/// <param name="Live">Its live database if it answered.</param>
/// <param name="IsDead">Whether the operator has stated that it is dead.</param>
/// <param name="WhyNot">Why there is no live database.</param>
internal sealed record SourcePool(PlanObject Pool, IReadOnlyList<ChosenVm> Vms, DatabaseIndex? Live, bool IsDead, string WhyNot)
{
    /// <summary>
    /// All of them: whichever pool has left a copy of a VM anywhere, the chosen or an older one, and every other pool that says it has it.
    /// </summary>
    public static IReadOnlyList<SourcePool> All(PlanScene scene)
    {
        var databases = scene.Inventory.Volumes.Select(v => v.Database).Concat(scene.Inventory.OtherPools.Select(o => o.Database))
            .OfType<DatabaseFacts>()
            .Where(d => d.Pool.Uuid != scene.Pool.Uuid);
        var sources = new List<(PlanObject Pool, IReadOnlyList<ChosenVm> Vms)>();
        foreach (var pool in databases.GroupBy(d => d.Pool.Uuid).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var has = pool.SelectMany(d => d.Vms).Select(v => v.Uuid).ToHashSet();
            var vms = scene.Chosen.Where(c => has.Contains(c.Vm.Uuid)).ToList();
            if (vms.Count > 0)
            {
                sources.Add((PlanObject.Of(pool.First().Pool), vms));
            }
        }

        var dead = DeadStatement.Of(scene, [.. sources.Select(s => s.Pool)]);
        return [.. sources.Select(s => Of(scene, s.Pool, s.Vms, dead))];
    }

    private static SourcePool Of(PlanScene scene, PlanObject pool, IReadOnlyList<ChosenVm> vms, DeadStatement dead)
    {
        var others = scene.Inventory.OtherPools;
        var live = others.FirstOrDefault(o => o.State == OtherPoolState.Live && o.Database?.Pool.Uuid == pool.Uuid)?.Database;
        // A pool that did not answer can't say which it is: what is known of it from before tells, or its name.
        var named = others.FirstOrDefault(o => o.Database is null && (o.Is(pool.Uuid) || o.Name == pool.Name || o.Name == pool.Uuid));
        var isDead = dead.Covers(pool) || named?.State == OtherPoolState.StatedDead;
        var silent = others.FirstOrDefault(o => o.State == OtherPoolState.Unreachable);
        var whyNot = named?.Reason is { } reason ? $"it did not answer ({reason})"
            : silent is not null ? $"it is not among the pools that answered, and {silent.Name} did not ({silent.Reason})"
            : "it was not asked";
        return new(pool, vms, live is null ? null : new DatabaseIndex(live), isDead, whyNot);
    }
}
