namespace Redoubt.Recovery;

/// <summary>What has to be copied before VMs run on it, and where to.</summary>
internal static class DiskCopyChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        var copied = scene.Disks.Where(d => d.IsToBeCopied);
        foreach (var sr in copied.GroupBy(d => d.Recorded.SrUuid).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Copied(scene, sr.Key, [.. sr], findings);
        }

        foreach (var vm in scene.Chosen.Where(scene.IsCopied))
        {
            Left(scene, vm, findings);
        }

        foreach (var disk in scene.Disks.Where(d => d is { IsSuspendImage: true, IsForeign: true }))
        {
            findings.Warn(
                "suspended-elsewhere", disk.Vm.Object,
                "The VM was suspended by XenServer. Its memory can't be resumed here, so it is started anew, as after a power cut.",
                "Nothing, unless what the guest had not written counts: then resume it on a XenServer and shut it down.");
        }
    }

    private static void Copied(PlanScene scene, string srUuid, IReadOnlyList<DiskNeed> disks, FindingList findings)
    {
        var about = new PlanObject(ObjectKind.Sr, srUuid, (disks[0].SrHere ?? disks[0].RecordedSr)?.Name ?? "");
        var (unique, vms) = (disks.Select(d => d.Here ?? d.Recorded).DistinctBy(d => d.Uuid).ToList(), disks.Select(d => d.Vm.Object));
        var bytes = Moments.Bytes(unique.Sum(d => (decimal)d.VirtualSizeBytes));
        var size = $"{unique.Count} {(unique.Count == 1 ? "disk" : "disks")}, {bytes} at most";
        if (scene.IsTest)
        {
            findings.Tell(
                "disks-copied", about, $"The SR is XenServer's, whose disks are only read: the test runs on copies of them ({size}).",
                "See that the daemon's own directory has room for them, and time for the copying.", vms);
        }
        else if (scene.CopyTarget(srUuid) is { } to)
        {
            findings.Tell(
                "disks-copied", about,
                $"The SR is XenServer's, whose disks are only read: they are copied to SR {to.Name} ({size}) before the VMs are recovered.",
                $"See that SR {to.Name} has room for them. Another SR: storage-map={srUuid}:SR-UUID", vms);
        }
        else
        {
            findings.Block(
                "copy-needs-sr", about,
                "The SR is XenServer's, whose disks are only read, and there is no SR here that they could be copied to: "
                    + (scene.Policy.Storage.ContainsKey(srUuid)
                        ? "the one in the storage map is not one of the pool's own, or not attached."
                        : "the pool has no default SR that is its own and attached."),
                $"Name one: storage-map={srUuid}:SR-UUID, or set the pool's default SR (pool-param-set default-SR=).", null, vms);
        }
    }

    private static void Left(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        if (vm.Vm.SnapshotCount > 0 && !scene.IsTest)
        {
            findings.Warn(
                "snapshots-left", vm.Object, $"The VM has snapshots ({vm.Vm.SnapshotCount}); they are not copied, and stay where they are.",
                "Keep the other storage as long as they are of value.");
        }
    }
}
