namespace Redoubt.Recovery;

/// <summary>Whether there is metadata to plan from, and how good it is.</summary>
internal static class MetadataChecks
{
    private const int SealedShown = 10;

    public static void Run(PlanScene scene, FindingList findings)
    {
        var volumes = scene.Inventory.Volumes;
        foreach (var volume in volumes.Where(v => v.Unreadable is not null))
        {
            findings.Warn(
                "volume-unreadable", PlanObject.Of(volume),
                $"The metadata volume on SR {volume.SrUuid} can't be read: {volume.Unreadable}.",
                "What is only on this volume is not in the plan. Look for another copy of the storage.");
        }

        var foreign = volumes.Where(v => v.Database is not null && !v.IsTargetsOwn && v.Database.Pool.Uuid != scene.Pool.Uuid).ToList();
        if (foreign.Count == 0)
        {
            findings.Block(
                "no-metadata", scene.PoolObject, "No metadata of another pool could be read on the chosen storage.",
                "Attach the replicated storage (drtask-create), and see to the other findings about it.");
        }

        Unproven(scene, foreign, findings);
        foreign.RemoveAll(v => !scene.Policy.Believes(v));
        var used = scene.Chosen.Select(c => c.Volume).ToHashSet();
        foreach (var pool in foreign.GroupBy(v => v.Database!.Pool.Uuid))
        {
            Older(pool, findings);
            foreach (var volume in pool.Where(used.Contains))
            {
                Damaged(volume, findings);
                Stale(scene, volume, findings);
                Sealed(scene, volume, findings);
            }
        }
    }

    // A guest can write anything onto a raw disk, also what looks like a pool's metadata, and newer than the genuine ones at that.
    private static void Unproven(PlanScene scene, List<VolumeFacts> foreign, FindingList findings)
    {
        foreach (var volume in foreign.Where(v => v.Unproven is not null))
        {
            var about = PlanObject.Of(volume);
            var says = $"The volume on SR {volume.SrUuid} says that it holds the metadata of pool {volume.Database!.Pool.Name} "
                + $"({volume.Database.Pool.Uuid}), and nothing proves it: {volume.Unproven}.";
            if (scene.Policy.AcceptedVolumes.Contains(volume.VdiUuid))
            {
                findings.Warn(
                    "volume-accepted", about, says + " The operator wants it to be believed.",
                    "Its VMs get no file of the host but those that are there for guests. Look at their settings.");
            }
            else if (foreign.Exists(scene.Policy.Believes))
            {
                findings.Warn(
                    "volume-unproven", about, says,
                    $"Nothing, unless it is genuine: it takes no part in the plan. accept-volume={volume.VdiUuid} has it believed.");
            }
            else
            {
                findings.Block(
                    "volume-unproven", about, says,
                    "Make sure that it is genuine, for a VM could have written it onto its disk: look at what it says (inspect), and at "
                        + $"where it came from. Then accept-volume={volume.VdiUuid}, or tell this pool the key of that one.");
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
                "older-metadata", PlanObject.Of(volume),
                $"This volume holds an older state of pool {volume.Database!.Pool.Name} than another one here.",
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
                $"Not all metadata of pool {volume.Database!.Pool.Name} can be read; the plan is made from generation "
                    + $"{volume.Generation}. {lost} lost: {damage}",
                "Look for another copy of the storage, or check what was changed last against what you know.");
        }
    }

    // Of what is not recovered only the storage counts: an operator who attaches it looks there for how.
    private static void Sealed(PlanScene scene, VolumeFacts volume, FindingList findings)
    {
        var chosen = scene.Chosen.Where(c => c.Volume == volume).ToDictionary(c => c.Object.Uuid, c => c.Object);
        var pool = volume.Database!.Pool.Name;
        foreach (var key in volume.Database.ClosedSecrets.Where(c => c.Class == "SR" || chosen.ContainsKey(c.Uuid)).GroupBy(c => c.KeyId))
        {
            var owners = key.GroupBy(c => (c.Class, c.Uuid)).Select(
                c => $"{c.Key.Class} {c.First().Name} ({c.Key.Uuid}): {string.Join(", ", c.Select(s => s.Field).Distinct())}").ToList();
            var more = owners.Count > SealedShown ? $", and {owners.Count - SealedShown} more" : "";
            findings.Warn(
                "secrets-sealed", PlanObject.Of(volume),
                $"Secrets in the metadata of pool {pool} are sealed with key {key.Key}, which this pool does not have: "
                    + $"{string.Join("; ", owners.Take(SealedShown))}{more}. What is recovered keeps them sealed, and a VM does not start "
                    + "while what its TPM keeps is sealed.",
                $"Give this pool the key: pool-key-import file-name=, with an export that was made at {pool} (pool-key-export). What was "
                    + "recovered before is opened then too.",
                null, key.Select(c => chosen.GetValueOrDefault(c.Uuid)).OfType<PlanObject>());
        }
    }

    // When it was written says more than what is recorded in it; a genuine xapi tells only the latter.
    private static void Stale(PlanScene scene, VolumeFacts volume, FindingList findings)
    {
        var pool = volume.Database!.Pool.Name;
        if ((volume.WrittenAt ?? volume.Database.NewestMoment) is not { } moment)
        {
            findings.Tell(
                "metadata-age-unknown", PlanObject.Of(volume),
                $"The metadata of pool {pool} records no moment, so how old they are is not known.",
                "Ask the array when it replicated last.");
            return;
        }

        if (Ahead(scene, volume) is { } ahead)
        {
            var what = ahead == volume.WrittenAt
                ? $"The moment at which the metadata of pool {pool} were last written"
                : $"The latest moment that the metadata of pool {pool} record";
            findings.Warn(
                "metadata-from-future", PlanObject.Of(volume),
                $"{what}, {Moments.Write(ahead)}, is {Moments.Write(ahead - scene.Inventory.TakenAt)} after the present of this site, "
                    + $"{Moments.Write(scene.Inventory.TakenAt)}: one of the two clocks is wrong, so how old they are is not known.",
                "Set the clock that is wrong, and ask the array when it replicated last.");
            return;
        }

        var age = scene.Inventory.TakenAt - moment;
        if (age > scene.Policy.Limits.StaleAfter)
        {
            var when = volume.WrittenAt is null
                ? $"The latest moment that the metadata of pool {pool} record is"
                : $"The metadata of pool {pool} were last written at";
            findings.Warn(
                "metadata-stale", PlanObject.Of(volume),
                $"{when} {Moments.Write(moment)}, {Moments.Write(age)} ago. A pool in which nothing happens looks the same.",
                "Make sure that replication was going on until the end.");
        }
    }

    // A volume that was written by a clock that is right now may record moments of one that was not.
    private static DateTimeOffset? Ahead(PlanScene scene, VolumeFacts volume) =>
        new[] { volume.WrittenAt, volume.Database!.NewestMoment }.FirstOrDefault(
            m => m is { } moment && Clocks.IsAhead(moment, scene.Inventory.TakenAt));
}
