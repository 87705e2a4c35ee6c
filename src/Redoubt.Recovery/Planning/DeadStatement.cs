using System.Collections.Immutable;

namespace Redoubt.Recovery;

/// <summary>
/// What the operator's statement that sources are dead means here. One that names no pool counts only where exactly one can be meant: on
/// storage where several pools have left their metadata it would take every one of them for dead.
/// </summary>
/// <param name="Known">The pools with copies of the VMs, and the silent sites besides.</param>
/// <param name="Meant">Those of them that do not answer: one that answers is not dead, whatever is stated.</param>
/// <param name="Dead">The UUIDs of those that are stated to be dead.</param>
/// <param name="Ambiguous">Names that mean several.</param>
/// <param name="Unknown">Names that mean none.</param>
/// <param name="IsUndecided">Whether no pool was named though several could be meant.</param>
internal sealed record DeadStatement(
    ImmutableArray<PlanObject> Known, ImmutableArray<PlanObject> Meant, ImmutableHashSet<string> Dead, ImmutableArray<string> Ambiguous,
    ImmutableArray<string> Unknown, bool IsUndecided)
{
    public bool Covers(PlanObject pool) => Dead.Contains(pool.Uuid);

    /// <summary>The pools that are stated to be dead.</summary>
    public ImmutableArray<PlanObject> Covered =>
        [.. Known.Where(Covers).DistinctBy(p => p.Uuid).OrderBy(p => p.Name, StringComparer.Ordinal)
            .ThenBy(p => p.Uuid, StringComparer.Ordinal)];

    /// <param name="scene">What is planned.</param>
    /// <param name="sources">The pools that have copies of the chosen VMs.</param>
    public static DeadStatement Of(PlanScene scene, ImmutableArray<PlanObject> sources)
    {
        var silent = SilentSites(scene, sources).Select(s => new PlanObject(ObjectKind.Pool, s.PoolUuid!, s.Name)).ToList();
        ImmutableArray<PlanObject> known = [.. sources, .. silent];
        ImmutableArray<PlanObject> meant =
            [.. known.Where(p => !scene.Inventory.OtherPools.Any(o => o.State == OtherPoolState.Live && o.Is(p.Uuid)))];
        var dead = ImmutableHashSet.CreateBuilder<string>();
        var (ambiguous, unknown) = (ImmutableArray.CreateBuilder<string>(), ImmutableArray.CreateBuilder<string>());
        foreach (var name in scene.Policy.DeadSources)
        {
            var found = known.Where(
                p => p.Name == name || p.Uuid == name
                    || scene.Inventory.OtherPools.Any(o => o.Name == name && o.Is(p.Uuid))).Select(p => p.Uuid).Distinct().ToList();
            switch (found)
            {
                case [var only]: dead.Add(only); break;
                case [] when !IsKnown(scene, name): unknown.Add(name); break;
                case []: break;
                default: ambiguous.Add(name); break;
            }
        }

        var isUndecided = scene.Policy.IsSourceDead && scene.Policy.DeadSources.IsEmpty && meant.Length > 1;
        if (scene.Policy.IsSourceDead && meant is [var one])
        {
            dead.Add(one.Uuid);
        }

        return new(known, meant, dead.ToImmutable(), ambiguous.ToImmutable(), unknown.ToImmutable(), isUndecided);
    }

    /// <summary>
    /// Sites that can't be asked and have left no copy of the VMs on this storage: that is no proof that they don't run them.
    /// </summary>
    public static IEnumerable<OtherPoolFacts> SilentSites(PlanScene scene, ImmutableArray<PlanObject> sources) =>
        scene.Inventory.OtherPools.Where(
            o => o is { State: OtherPoolState.Unreachable, PoolUuid: { } uuid } && uuid != scene.Pool.Uuid
                && sources.All(s => s.Uuid != uuid))
            .DistinctBy(o => o.PoolUuid);

    /// <summary>How a command line names a pool: by its name where that is a plain word and means one pool only.</summary>
    public string NameOf(PlanObject pool) =>
        pool.Name.Length > 0 && pool.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') && !IsYesOrNo(pool.Name)
            && Known.Count(p => p.Name == pool.Name) == 1
            ? pool.Name
            : pool.Uuid;

    // On a command line that would be an answer, and no name.
    private static bool IsYesOrNo(string name) =>
        name.ToLowerInvariant() is "true" or "t" or "yes" or "y" or "1" or "false" or "f" or "no" or "n" or "0";

    // A pool of the inventory that has none of the chosen VMs may be named for nothing; a name that is nowhere is a slip of the pen.
    private static bool IsKnown(PlanScene scene, string name) =>
        scene.Inventory.OtherPools.Any(
            o => o.Name == name || o.PoolUuid == name || o.Database?.Pool is { } there && (there.Name == name || there.Uuid == name))
        || scene.Inventory.Volumes.Any(v => v.Database?.Pool is { } pool && (pool.Name == name || pool.Uuid == name));
}
