namespace Redoubt.Recovery;

/// <summary>
/// Whether a probe has found another copy of an SR than the one that is attached: of two copies of one SR a pool can have only one, and
/// the plan must not be made from the older of them without a word.
/// </summary>
internal static class CopyChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        foreach (var storage in scene.Inventory.Storage)
        {
            foreach (var found in storage.Found)
            {
                if (scene.Target.Sr(found.Uuid) is { } here)
                {
                    Beside(scene, here, storage, found, findings);
                }
                else if (ProbedCopies.NewestPlace(scene.Inventory, found.Uuid) is { } newest && newest != storage)
                {
                    findings.Warn(
                        "older-copy", new(ObjectKind.Sr, found.Uuid, found.Name),
                        $"Of two copies of the SR that are not attached, the one at {ProbedCopies.Place(storage)} is not "
                            + $"the newer: {Says(found)}.",
                        $"Attach the newer one: {AttachCommand.Write(newest.Type, newest.DeviceConfig, found.Uuid)}");
                }
            }
        }
    }

    private static void Beside(PlanScene scene, SrFacts here, StorageFacts storage, ProbedSrFacts found, FindingList findings)
    {
        if (ProbedCopies.OtherPlace(here, storage) is not { } attached)
        {
            return;
        }

        var about = new PlanObject(ObjectKind.Sr, here.Uuid, here.Name);
        var affects = scene.Disks.Where(d => d.Recorded.SrUuid == here.Uuid).Select(d => d.Vm.Object).Distinct();
        var two = $"The pool has the SR from {here.Type} {DeviceConfigs.AsParameters(attached.DeviceConfig)}; at "
            + $"{ProbedCopies.Place(storage)} is another copy of it";
        var putInPlace =
            "Let the copy here go (drtask-destroy if a DR task holds it, else pbd-unplug and sr-forget: nothing on the storage is lost), "
            + $"attach the other, and plan again: {AttachCommand.Write(storage.Type, storage.DeviceConfig, found.Uuid)}";
        var theirs = found.Metadata.Where(m => m.PoolUuid != scene.Pool.Uuid).ToList();
        var newer = theirs.Find(m => Generation(scene, here.Uuid, m.PoolUuid) is not { } known || m.Generation > known);
        if ((theirs.Count == 0 && found.HasMetadata) || (newer is not null && (scene.Policy.PointInTime is not null || !here.IsAttached())))
        {
            findings.Warn(
                "second-copy", about, $"{two}, and which of them is newer can't be told: {Says(found)}.",
                $"Make sure that the copy here is the right one. If it is the other: {putInPlace}", null, affects);
        }
        else if (newer is not null)
        {
            var known = Generation(scene, here.Uuid, newer.PoolUuid) is { } generation
                ? $"generation {generation}"
                : "none of that pool that can be read";
            findings.Block(
                "newer-copy-elsewhere", about, $"{two}, and it is newer: {Says(found)}; here the metadata are {known}.", putInPlace, null,
                affects);
        }
        else
        {
            findings.Tell("older-copy-elsewhere", about, $"{two}, and it is not newer: {Says(found)}.", "Nothing.", affects);
        }
    }

    private static long? Generation(PlanScene scene, string sr, string pool) =>
        scene.Inventory.Volumes.Where(v => v.SrUuid == sr && v.Database?.Pool.Uuid == pool).Max(v => v.Generation);

    private static string Says(ProbedSrFacts found) => found.Metadata.IsEmpty
        ? found.HasMetadata ? "it holds pool metadata that can't be read from outside" : "it holds no pool metadata"
        : string.Join(", ", found.Metadata.Select(m =>
            $"metadata of pool {m.PoolName} at generation "
                + $"{m.Generation}{(m.WrittenAt is { } at ? $", written {Moments.Write(at)}" : "")}"));
}
