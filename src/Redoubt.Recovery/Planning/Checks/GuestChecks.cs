using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>What of a VM the target can't keep as it was, and what it may do by itself.</summary>
internal static class GuestChecks
{
    public static void Run(PlanScene scene, FindingList findings)
    {
        foreach (var vm in scene.Chosen)
        {
            Devices(scene, vm, findings);
            Firmware(scene, vm, findings);
            Tpm(scene, vm, findings);
            Paravirtual(scene, vm, findings);
            if (!vm.Vm.Oddities.IsEmpty)
            {
                findings.Warn(
                    "vm-odd", vm.Object,
                    "The metadata say of the VM what can't be so, or what this version does not know: "
                        + $"{string.Join("; ", vm.Vm.Oddities)}.",
                    "It is recovered with defaults in place of what is not known. Look at its settings before you rely on it.");
            }

            foreach (var file in vm.Vm.BootFiles.Where(f => scene.Inventory.Target.BootFileTroubles.ContainsKey(f.Path)))
            {
                findings.Warn(
                    "boot-file", vm.Object,
                    $"The VM won't start: it boots from its {file.Field} {BriefText.Of(file.Path)}, and the recovery site says: "
                        + $"{scene.Inventory.Target.BootFileTroubles[file.Path]}",
                    "Copy the file to the recovery site, to the place where files for guests lie there, or have the VM boot from its "
                        + "disks (an empty PV_kernel).");
            }

            if (vm.Vm.StartsWithHost)
            {
                findings.Warn(
                    "starts-with-host", vm.Object,
                    "The VM is set to start with its host (auto_poweron): a host that boots where it comes from may start it there again, "
                    + "a XenServer without asking anybody.",
                    "Have both sites know each other (dr-site-add), so that a start is asked about, or take auto_poweron from it there.");
            }

            if (vm.Vm.PowerState == VmPowerState.Suspended && !scene.IsCopied(vm))
            {
                findings.Tell("suspended", vm.Object, "The VM was suspended; it is resumed instead of started.", "Nothing.");
            }

            if (vm.Vm.SnapshotCount > 0 && !scene.IsCopied(vm))
            {
                findings.Tell(
                    "snapshots", vm.Object, $"The VM has snapshots ({vm.Vm.SnapshotCount}); they are recovered with it.", "Nothing.");
            }
        }
    }

    private static void Firmware(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        if (vm.Vm.FirmwareVariables is not { } kept)
        {
            return;
        }

        var isRedoubt = scene.Pool.IsRedoubt();
        var why = kept switch
        {
            FirmwareVariablesState.Kept => isRedoubt ? null : "they are in a form that the firmware of XenServer does not read",
            FirmwareVariablesState.OfAnotherFirmware =>
                isRedoubt ? "they are in the form of XenServer's firmware, which is not read here" : null,
            FirmwareVariablesState.None => "the metadata has nothing of them",
            FirmwareVariablesState.Damaged => "what the metadata has of them is damaged",
        };
        if (why is not null)
        {
            findings.Warn(
                "firmware-lost", vm.Object, $"The VM boots through UEFI and starts with an empty store of its variables: {why}.",
                "Try it in a test failover; a guest without a fallback boot entry needs to be told once, in the firmware's "
                    + "menu, what to boot from.");
        }
    }

    private static void Paravirtual(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        if (vm.Vm.IsParavirtual && scene.Pool.IsRedoubt())
        {
            findings.Warn(
                "paravirtual", vm.Object,
                "The VM was paravirtualised for Xen, which KVM has not: it is started as a full machine, from the boot loader in its first "
                    + "disk's first sector.",
                "Try it in a test failover. A guest without a boot loader there, or without drivers for virtio, does not come up: give it "
                    + "both while it runs at its source, or name its kernel (PV_kernel) among the files for guests here.");
        }
    }

    private static void Tpm(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        var why = vm.Vm.Tpm switch
        {
            { Contents: TpmContentsState.None } => "the metadata has nothing of what it kept",
            { Contents: TpmContentsState.Damaged } => "what the metadata has of it is damaged",
            { IsUnique: true } when scene.IsTest => "it is unique, and what it keeps is not copied into a test",
            _ => null,
        };
        if (why is not null)
        {
            findings.Warn(
                "tpm-lost", vm.Object, $"The VM starts with an empty virtual TPM: {why}.",
                "Have the guest's recovery key at hand: one that sealed the keys of its disks in the TPM asks for it, "
                    + "and else does not come up.");
        }
    }

    private static void Devices(PlanScene scene, ChosenVm vm, FindingList findings)
    {
        var d = vm.Vm.Devices;
        // What a pool is handed through stays in its host everywhere; virtual GPUs a genuine xapi recovers, virtual TPMs it and whoever
        // tells of them.
        (int Count, string Name)[] lost = scene.Pool.IsRedoubt()
            ? [(scene.Offers(DatabaseReader.TellingOfTpms) ? 0 : d.VtpmCount, "virtual TPM"), (d.VgpuCount, "virtual GPU"), (d.UsbCount, "USB device"), (d.PciCount, "PCI device")]
            : [(d.UsbCount, "USB device"), (d.PciCount, "PCI device")];
        var names = lost.Where(l => l.Count > 0).Select(l => $"{l.Count} {l.Name}").ToList();
        if (names.Count > 0)
        {
            findings.Warn(
                "device-lost", vm.Object, $"The VM is recovered without {string.Join(", ", names)}.",
                "Make sure that the guest starts without; a guest that keeps its keys in a TPM does not.");
        }
    }
}
