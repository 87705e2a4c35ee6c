namespace Redoubt.Recovery;

/// <summary>Whether the chosen storage can be seen, and whether the SRs that the VMs need are here and nowhere else.</summary>
internal static class StorageChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        foreach (var storage in scene.Inventory.Storage)
        {
            Chosen(scene, storage, findings);
        }

        foreach (var need in scene.Disks.GroupBy(d => d.Recorded.SrUuid).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Needed(scene, [.. need], findings);
        }
    }

    private static void Chosen(PlanScene scene, StorageFacts storage, FindingList findings)
    {
        var name = storage.SrUuid.Length > 0
            ? $"SR {storage.SrUuid}"
            : $"{storage.Type} {DeviceConfigs.AsParameters(storage.DeviceConfig)}".TrimEnd();
        var about = new PlanObject(ObjectKind.Request, name, name);
        if ((storage.NotScanned ?? storage.NotAnswering) is { } why
            && scene.Disks.All(d => storage.NotAnswering is null || d.SrHere?.Uuid != storage.SrUuid))
        {
            findings.Tell(
                "storage-not-scanned", new(ObjectKind.Sr, storage.SrUuid, scene.Target.Sr(storage.SrUuid)?.Name ?? ""),
                $"The replica was not looked at anew ({why}), so the plan is made from what was there when it was "
                    + "attached or scanned last.",
                "Scan it (sr-scan) if it may have been refreshed since.");
        }

        if (storage.Unreadable is not null)
        {
            findings.Warn(
                "storage-unreadable", about, $"The chosen storage can't be looked at: {storage.Unreadable}.",
                "Check the device configuration, and that the hosts can reach the storage.");
        }
        else if (storage.SrUuid.Length == 0 && storage.Found.IsEmpty)
        {
            findings.Warn(
                "storage-empty", about, "The probe found no SR there.",
                "Check the device configuration, and that the mirror has been made readable.");
        }

        // Not an older copy of two, and none of what the pool knows from elsewhere: that can't be attached beside it.
        foreach (var sr in storage.Found.Where(f => scene.Target.Sr(f.Uuid) is { } here
            ? !here.IsAttached() && ProbedCopies.OtherPlace(here, storage) is null
            : ProbedCopies.NewestPlace(scene.Inventory, f.Uuid) == storage))
        {
            var attach = AttachCommand.Write(storage.Type, storage.DeviceConfig, sr.Uuid);
            findings.Warn(
                "storage-not-attached", new(ObjectKind.Sr, sr.Uuid, sr.Name),
                sr.HasMetadata
                    ? "The probe found the SR with pool metadata on it, but metadata can be read only when it is attached."
                    : "The probe found the SR; it is not attached.",
                $"Attach it read-only and plan again: {attach}",
                new(FixKind.AttachStorage, attach));
        }
    }

    private static void Needed(PlanScene scene, IReadOnlyList<DiskNeed> disks, FindingList findings)
    {
        var vms = disks.Select(d => d.Vm.Object).Distinct().ToList();
        var (recorded, here) = (disks[0].RecordedSr, disks[0].SrHere);
        if (here is null)
        {
            // A disk that is found on another device of its own needs no SR.
            if (disks.Any(d => d.Here is null))
            {
                Missing(scene, disks[0].Recorded.SrUuid, recorded, vms, findings);
            }

            return;
        }

        var detached = here.Pbds.Where(p => !p.IsAttached).ToList();
        if (!here.IsAttached())
        {
            findings.Block(
                "sr-detached", PlanObject.Of(here), "The pool knows the SR, but no host has it attached.",
                "Attach it (pbd-plug), then plan again.",
                here.Pbds.IsEmpty ? null : new(FixKind.PlugPbd, "plug the SR's PBDs"), vms);
        }
        else if (detached.Count > 0)
        {
            findings.Warn(
                "sr-partly-attached", PlanObject.Of(here),
                $"{detached.Count} of {here.Pbds.Length} hosts do not have the SR attached; the VMs can't run there.",
                "Attach it there (pbd-plug).", new(FixKind.PlugPbd, "plug the SR's other PBDs"), vms);
        }

        if (scene.Inventory.Storage.FirstOrDefault(s => s.SrUuid == here.Uuid && s.NotAnswering is not null) is { NotAnswering: { } why })
        {
            findings.Block(
                "sr-not-answering", PlanObject.Of(here),
                $"Whether the disks are there is not known, for the storage can't be looked at: {why.TrimEnd('.')}.",
                "Mend the storage and plan again, or leave the VMs out (vms=).", null, vms);
        }

        Elsewhere(scene, here, vms, findings);
    }

    private static void Missing(PlanScene scene, string uuid, SrFacts? recorded, IReadOnlyList<PlanObject> vms, FindingList findings)
    {
        var about = new PlanObject(ObjectKind.Sr, uuid, recorded?.Name ?? "");
        if (recorded is { IsShared: false } && scene.Inventory.Storage.All(s => s.Found.All(f => f.Uuid != uuid)))
        {
            findings.Block(
                "sr-local", about, "The SR was local to a host of the source (it is not shared), so it is not on replicated storage.",
                "Leave the VMs out, or recover their disks from a backup.", null, vms);
            return;
        }

        var attach = SrAttachment.Find(scene, uuid);
        findings.Block(
            "sr-missing", about, "The SR is not known to the target pool.",
            attach is null ? "Attach the replica of the SR here (drtask-create)." : "Attach it and plan again: " + attach.Command,
            attach is null ? null : new(FixKind.AttachStorage, attach.Command), vms);
    }

    private static void Elsewhere(PlanScene scene, SrFacts here, IReadOnlyList<PlanObject> vms, FindingList findings)
    {
        foreach (var other in scene.Inventory.OtherPools.Where(o => o.Database?.Pool.Uuid != scene.Pool.Uuid && o.Database?.Srs.Any(s => s.Uuid == here.Uuid && s.IsAttached()) == true))
        {
            findings.Warn(
                "sr-attached-elsewhere", PlanObject.Of(here),
                $"Pool {other.Name} has the SR with the same UUID attached: its original, or the very same storage.",
                "Two pools that write to one disk destroy it. Make sure that this is a replica, or have it detached there "
                    + "before anything is started.",
                null, vms);
        }
    }
}
