namespace Redoubt.Recovery;

/// <summary>Whether there is metadata to plan from, and how good it is.</summary>
internal static class MetadataChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        var volumes = scene.Inventory.Volumes;
        foreach (var volume in volumes.Where(v => v.Unreadable is not null))
        {
            findings.Warn(
                "volume-unreadable", PlanObject.Of(volume), $"The metadata volume on SR {volume.SrUuid} can't be read: {volume.Unreadable}.",
                "What is only on this volume is not in the plan. Look for another copy of the storage.");
        }

        var foreign = volumes.Where(v => v.Database is not null && !v.IsTargetsOwn && v.Database.Pool.Uuid != scene.Pool.Uuid).ToList();
        if (foreign.Count == 0)
        {
            findings.Block(
                "no-metadata", scene.PoolObject, "No metadata of another pool could be read on the chosen storage.",
                "Attach the replicated storage (drtask-create), and see to the other findings about it.");
        }

        var used = scene.Chosen.Select(c => c.Volume).ToHashSet();
        foreach (var pool in foreign.GroupBy(v => v.Database!.Pool.Uuid))
        {
            Older(pool, findings);
            foreach (var volume in pool.Where(used.Contains))
            {
                Damaged(volume, findings);
                Stale(scene, volume, findings);
            }
        }
    }

    private static void Older(IEnumerable<VolumeFacts> pool, FindingList findings)
    {
        var volumes = pool.ToList();
        var highest = volumes.Max(v => v.Generation);
        foreach (var volume in volumes.Where(v => v.Generation is not null && highest is not null ? v.Generation < highest : !v.IsLatest && volumes.Exists(o => o.IsLatest)))
        {
            findings.Tell(
                "older-metadata", PlanObject.Of(volume), $"This volume holds an older state of pool {volume.Database!.Pool.Name} than another one here.",
                "Nothing, unless the older state is the one you want.");
        }
    }

    private static void Damaged(VolumeFacts volume, FindingList findings)
    {
        if (volume.Damage is { } damage)
        {
            var lost = volume.LostRecords > 0 ? $"{volume.LostRecords} later changes, perhaps more, are" : "Later changes may be";
            findings.Warn(
                "metadata-cut", PlanObject.Of(volume),
                $"Not all metadata of pool {volume.Database!.Pool.Name} can be read; the plan is made from generation {volume.Generation}. {lost} lost: {damage}",
                "Look for another copy of the storage, or check what was changed last against what you know.");
        }
    }

    // When it was written says more than what is recorded in it; a genuine xapi tells only the latter.
    private static void Stale(PlanScene scene, VolumeFacts volume, FindingList findings)
    {
        var pool = volume.Database!.Pool.Name;
        if ((volume.WrittenAt ?? volume.Database.NewestMoment) is not { } moment)
        {
            findings.Tell(
                "metadata-age-unknown", PlanObject.Of(volume), $"The metadata of pool {pool} records no moment, so how old they are is not known.",
                "Ask the array when it replicated last.");
            return;
        }

        var age = scene.Inventory.TakenAt - moment;
        if (age < -Moments.Skew)
        {
            var what = volume.WrittenAt is null ? $"The latest moment that the metadata of pool {pool} record" : $"The moment at which the metadata of pool {pool} were last written";
            findings.Warn(
                "metadata-from-future", PlanObject.Of(volume),
                $"{what}, {Moments.Write(moment)}, is {Moments.Write(-age)} after the present of this site, {Moments.Write(scene.Inventory.TakenAt)}: one of the two clocks is wrong, so how old they are is not known.",
                "Set the clock that is wrong, and ask the array when it replicated last.");
            return;
        }

        if (age > scene.Policy.Limits.StaleAfter)
        {
            var when = volume.WrittenAt is null ? $"The latest moment that the metadata of pool {pool} record is" : $"The metadata of pool {pool} were last written at";
            findings.Warn(
                "metadata-stale", PlanObject.Of(volume), $"{when} {Moments.Write(moment)}, {Moments.Write(age)} ago. A pool in which nothing happens looks the same.",
                "Make sure that replication was going on until the end.");
        }
    }
}
