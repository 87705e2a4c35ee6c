using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>Whether the disks of the chosen VMs are here, as they were recorded.</summary>
internal static class DiskChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        Mapped(scene, findings);
        foreach (var disk in scene.Disks)
        {
            if (disk.Here is null && disk.SrHere?.IsAttached() == true)
            {
                Missing(scene, disk, findings);
            }
            else if (disk.Here is { } here && here.VirtualSizeBytes != disk.Recorded.VirtualSizeBytes)
            {
                findings.Warn(
                    "disk-size-differs", PlanObject.Of(disk.Recorded),
                    $"{disk.Vm.Object.Describe()}, {disk.Role}: the disk here has {here.VirtualSizeBytes} bytes, the metadata say "
                        + $"{disk.Recorded.VirtualSizeBytes}.",
                    "The disk and the metadata may be of different moments. Make sure that both were replicated together.", null,
                    [disk.Vm.Object]);
            }
        }

        foreach (var vm in scene.Chosen)
        {
            Drives(scene, vm, findings);
        }
    }

    // Once for each SR: the finding is about the map.
    private static void Mapped(PlanScene scene, FindingList findings)
    {
        foreach (var sr in scene.Disks.GroupBy(d => d.Recorded.SrUuid).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            if (scene.Policy.Storage.GetValueOrDefault(sr.Key) is { } to && to != sr.Key && !sr.Any(d => d.IsToBeCopied))
            {
                findings.Block(
                    "storage-map-impossible", new(ObjectKind.Sr, sr.Key, sr.First().RecordedSr?.Name ?? ""),
                    $"The storage map sends the SR to {to}, but a recovery finds disks by the UUID of their SR only.",
                    "Take the SR out of the map, and attach a replica that kept its UUID.", null, sr.Select(d => d.Vm.Object));
            }
        }
    }

    private static void Missing(PlanScene scene, DiskNeed disk, FindingList findings)
    {
        var about = PlanObject.Of(disk.Recorded);
        var where = $"{disk.Vm.Object.Describe()}, {disk.Role}: the disk \"{disk.Recorded.Name}\" is not on SR {disk.SrHere!.Name}";
        if (scene.IsAcceptedMissing(disk))
        {
            findings.Warn(
                "disk-dropped", about, $"{where}. The operator agreed to go without it.", "Attach the disk later if it turns up.", null,
                [disk.Vm.Object]);
            return;
        }

        findings.Block(
            disk.IsSuspendImage ? "suspend-image-missing" : "disk-missing", about, $"{where}.",
            $"Bring the disk back, or agree to go without it: accept-missing={disk.Recorded.Uuid}",
            new(
                FixKind.DropDisk,
                disk.IsSuspendImage ? "recover the VM halted; its suspended state is lost" : "recover the VM without the disk"),
            [disk.Vm.Object]);
    }

    private static void Drives(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        var source = scene.Source(vm);
        foreach (var vbd in vm.Vm.Vbds.Where(b => b.VdiUuid.Length > 0))
        {
            var vdi = source.Vdi(vbd.VdiUuid);
            if (vbd.Type == VbdType.Cd && vdi is not null && scene.Target.SameIso(vdi) is null && scene.Target.SameDisk(vdi) is null)
            {
                findings.Warn(
                    "iso-missing", vm.Object, $"The CD \"{vdi.Location}\" in position {vbd.Position} is not here; the drive will be empty.",
                    "Nothing, unless the VM boots from it.");
            }
        }

        // A drive whose disk its own metadata don't know any more: nothing here can be that disk.
        foreach (var vbd in vm.Vm.Vbds.Where(b => b.Type == VbdType.Disk && source.Vdi(b.VdiUuid) is null))
        {
            findings.Warn(
                "disk-unknown", vm.Object,
                $"The metadata say of the disk in position {vbd.Position} only that there was one; the VM is recovered without it.",
                "Find the disk by hand, and attach it.");
        }
    }
}
