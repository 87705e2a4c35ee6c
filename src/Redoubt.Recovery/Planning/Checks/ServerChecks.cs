using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>What the target's server can't keep of what a Redoubt pool keeps. A genuine xapi recovers in ways of its own.</summary>
internal static class ServerChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        if (scene.Policy.PointInTime is { } at && !scene.Offers("VDI.open_database_at"))
        {
            findings.Block(
                "no-history", scene.PoolObject,
                $"The target pool runs {scene.Product}, which opens the newest state of a metadata volume only; {at} was asked for.",
                "Plan without at=, or recover into a Redoubt pool.");
        }

        Storage(scene, findings);
        if (!scene.IsTest && !scene.Offers("VM.recover_mapped"))
        {
            Guard(scene, findings);
            var dropped = scene.Disks.Where(d => d.Here is null && scene.IsAcceptedMissing(d)).ToLookup(d => d.Vm.Vm.Uuid);
            foreach (var vm in scene.Chosen)
            {
                Recover(scene, vm, dropped[vm.Vm.Uuid].FirstOrDefault(), findings);
            }
        }
    }

    /// <summary>Whether the target can protect an SR that it has, or will have when it is attached.</summary>
    public static bool CanProtect(PlanScene scene, string srUuid) => TypeOf(scene, srUuid) is not { } type || scene.TakesMetadata(type);

    private static void Storage(PlanScene scene, FindingList findings)
    {
        foreach (var need in scene.Disks.GroupBy(d => d.SrHere?.Uuid ?? d.Recorded.SrUuid).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            if (CanProtect(scene, need.Key))
            {
                continue;
            }

            var (type, vms) = (TypeOf(scene, need.Key), need.Select(d => d.Vm.Object).Distinct());
            var about = new PlanObject(ObjectKind.Sr, need.Key, need.First().SrHere?.Name ?? need.First().RecordedSr?.Name ?? "");
            if (need.First().SrHere is null)
            {
                findings.Block(
                    "sr-type-unsupported", about,
                    $"The target pool runs {scene.Product}, which does not attach storage of type {type} for a recovery.",
                    "Attach the SR there by hand (sr-introduce, pbd-create, pbd-plug), or recover into a Redoubt pool.", null, vms);
            }
            else if (!scene.IsTest)
            {
                findings.Warn(
                    "not-protected-again", about,
                    $"The VMs will run without protection: the target pool runs {scene.Product}, which can't protect "
                        + $"storage of type {type}.",
                    "See to a copy of them in another way, or recover into a Redoubt pool.", null, vms);
            }
        }
    }

    private static void Guard(PlanScene scene, FindingList findings)
    {
        if (scene.Chosen.Count > 0)
        {
            findings.Warn(
                "start-unguarded", scene.PoolObject,
                $"The target pool runs {scene.Product}. Before it starts a VM it does not look whether another pool has recovered that "
                    + "one; this run looks, nobody does later. What starts a VM by itself is not held back either.",
                "After the recovery, see to it that nobody starts these VMs in two pools.", null, scene.Chosen.Select(c => c.Object));
        }
    }

    private static void Recover(PlanScene scene, ChosenVm vm, DiskNeed? dropped, FindingList findings)
    {
        if (scene.Target.Vm(vm.Vm.Uuid) is { PowerState: VmPowerState.Halted })
        {
            findings.Warn(
                "replaced-for-good", vm.Object,
                $"{scene.Product} removes its own copy of the VM before it recovers this one, and does not bring it back if "
                    + "that fails. The disks stay.",
                "Export the metadata of the copy there first, if it is of value.");
        }

        if (vm.Vm.PowerState is VmPowerState.Running or VmPowerState.Paused && dropped is { } disk)
        {
            findings.Block(
                "disk-drop-impossible", vm.Object,
                $"The VM ran when the metadata were written, and {scene.Product} does not recover such a VM without a disk "
                    + $"(\"{disk.Recorded.Name}\"): it breaks off, and leaves half of the VM behind.",
                "Bring the disk back, leave the VM out, or recover into a Redoubt pool.");
        }
    }

    private static string? TypeOf(PlanScene scene, string srUuid) =>
        scene.Target.Sr(srUuid)?.Type ?? SrAttachment.Find(scene, srUuid)?.Type;
}
