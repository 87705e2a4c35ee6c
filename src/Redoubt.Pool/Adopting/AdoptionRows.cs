using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Writes down what a domain is defined as in the records of its VM, when it is adopted and when it has changed.</summary>
internal static class AdoptionRows
{
    /// <summary>Makes the VM of a domain, with its drives and interfaces.</summary>
    public static Ref<VmRecord> Create(Transaction tx, AdoptionCandidate candidate, string libvirt, HostRecord host, DateTimeOffset now)
    {
        var definition = candidate.Definition!;
        var origin = ImmutableSortedDictionary<string, string>.Empty.Add(AdoptedVm.Libvirt, libvirt).Add(AdoptedVm.Host, host.Uuid);
        var reference = NewVm.Create(tx, Described(
            new VmRecord
            {
                Uuid = definition.Uuid.ToString("D"),
                NameLabel = BriefText.Of(definition.Name),
                NameDescription = "",
                ActionsAfterShutdown = OnNormalExit.Destroy,
                ActionsAfterReboot = OnNormalExit.Restart,
                ActionsAfterCrash = OnCrashBehaviour.Destroy,
                SnapshotInfo = candidate.Domain.StartsWithHost ? origin.Add(AdoptedVm.Autostart, "true") : origin,
                OtherConfig = candidate.Domain.StartsWithHost
                    ? ImmutableSortedDictionary<string, string>.Empty.Add("auto_poweron", "true")
                    : ImmutableSortedDictionary<string, string>.Empty,
            },
            definition));
        tx.Update(tx.Get(reference).Metrics, m => m with { InstallTime = now });
        CreateDevices(tx, reference, definition, candidate.Disks, candidate.Domain);
        return reference;
    }

    /// <summary>Makes the records of an adopted VM true to a definition that has changed. What people gave it in the pool stays.</summary>
    public static void Update(
        Transaction tx, Ref<VmRecord> reference, DefinedDomain domain, DomainDefinition definition,
        ImmutableSortedDictionary<int, Ref<VdiRecord>> disks)
    {
        var vm = tx.Get(reference);
        var before = DomainDefinition.Parse(vm.SnapshotMetadata);
        VmRows.Update(tx, reference, v => Described(v, definition) with
        {
            // Whoever renames it there means it, unless it has another name here.
            NameLabel = v.NameLabel == BriefText.Of(before.Name) ? BriefText.Of(definition.Name) : v.NameLabel,
            SnapshotInfo = v.SnapshotInfo.Remove(AdoptedVm.Gone),
        });

        var wanted = disks.Select(d => (Number: $"{d.Key}", Vdi: d.Value)).ToHashSet();
        var had = vm.Vbds.Select(tx.Get).Where(b => b.Type == VbdType.Disk).Select(b => (Number: b.Userdevice, b.Vdi)).ToHashSet();
        if (before.Nics.SequenceEqual(definition.Nics) && wanted.SetEquals(had)
            && before.Disks.Select(d => d.IsCdrom).SequenceEqual(definition.Disks.Select(d => d.IsCdrom)))
        {
            return;
        }

        foreach (var vbd in vm.Vbds)
        {
            tx.Delete(vbd);
        }

        foreach (var vif in vm.Vifs)
        {
            tx.Delete(vif);
        }

        CreateDevices(tx, reference, definition, disks, domain);
        if (vm.PowerState is VmPowerState.Running or VmPowerState.Paused)
        {
            Attach(tx, reference);
        }
    }

    /// <summary>Marks what a guest has.</summary>
    public static void Attach(Transaction tx, Ref<VmRecord> reference)
    {
        var vm = tx.Get(reference);
        foreach (var vbd in vm.Vbds)
        {
            DeviceRows.Update(tx, vbd, b => b with { CurrentlyAttached = true });
        }

        foreach (var vif in vm.Vifs)
        {
            DeviceRows.Update(tx, vif, v => v with { CurrentlyAttached = true });
        }
    }

    private static VmRecord Described(VmRecord vm, DomainDefinition definition)
    {
        var kernel = definition.KernelPath;
        var boot = vm.HvmBootParams.SetItem("order", definition.BootOrder).Remove("firmware");
        var platform = vm.Platform.Remove("secureboot").Remove(VirtualTpms.PlatformKey);
        if (definition.Tpm == "emulator")
        {
            platform = platform.Add(VirtualTpms.PlatformKey, "true"); // By it the VM has one of its own where it is recovered.
        }

        return vm with
        {
            SnapshotMetadata = definition.Xml,
            MemoryStaticMin = Math.Min(definition.CurrentMemoryBytes, definition.MemoryBytes),
            MemoryDynamicMin = Math.Min(definition.CurrentMemoryBytes, definition.MemoryBytes),
            MemoryDynamicMax = Math.Min(definition.CurrentMemoryBytes, definition.MemoryBytes),
            MemoryStaticMax = definition.MemoryBytes,
            MemoryTarget = Math.Min(definition.CurrentMemoryBytes, definition.MemoryBytes),
            VcpusMax = definition.MostVcpus,
            VcpusAtStartup = definition.Vcpus,
            HvmBootPolicy = kernel is null ? "BIOS order" : "",
            HvmBootParams = definition.IsUefi ? boot.Add("firmware", "uefi") : boot,
            Platform = definition.HasSecureBoot ? platform.Add("secureboot", "true") : platform,
            DomainType = DomainType.Hvm,
            PvKernel = kernel ?? "",
            PvRamdisk = kernel is null ? "" : definition.InitrdPath ?? "",
            PvArgs = kernel is null ? "" : definition.KernelArguments,
        };
    }

    private static void CreateDevices(
        Transaction tx, Ref<VmRecord> vm, DomainDefinition definition, ImmutableSortedDictionary<int, Ref<VdiRecord>> disks,
        DefinedDomain domain)
    {
        foreach (var (number, disk) in definition.Disks.Index())
        {
            var vdi = disks.GetValueOrDefault(number);
            if (!disk.IsCdrom && vdi.IsNull)
            {
                continue; // It is on no SR; people have been told.
            }

            DeviceRows.Create(tx, new VbdRecord
            {
                Vm = vm,
                Vdi = vdi,
                Empty = vdi.IsNull,
                Userdevice = $"{number}",
                Bootable = number == 0,
                Mode = disk.IsReadOnly || disk.IsCdrom ? VbdMode.Ro : VbdMode.Rw,
                Type = disk.IsCdrom ? VbdType.Cd : VbdType.Disk,
                Unpluggable = false,
            });
        }

        var running = domain.RunningXml is { } live ? DomainDefinition.Parse(live) : null;
        foreach (var (number, nic) in definition.Nics.Index())
        {
            // Which bridge a network of libvirt's is, libvirt says while the guest is on it.
            var bridge = nic.Bridge ?? running?.Nics.FirstOrDefault(n => n.Mac == nic.Mac)?.Bridge;
            DeviceRows.Create(tx, new VifRecord
            {
                Vm = vm,
                Device = $"{number}",
                Mac = nic.Mac,
                Network = NetworkOf(tx, nic, bridge),
                Mtu = nic.Mtu,
            });
        }
    }

    // Plans map networks by their names and bridges, so that each interface has one; an interface on nothing that has a name has none.
    private static Ref<NetworkRecord> NetworkOf(Transaction tx, DefinedNic nic, string? bridge)
    {
        var name = nic.Network ?? bridge;
        if (name is null)
        {
            return default;
        }

        var found = tx.State.All<NetworkRecord>().Where(n => n.Record.Bridge == bridge || n.Record.NameLabel == name)
            .OrderByDescending(n => n.Record.Bridge == bridge).FirstOrDefault().Ref;
        return tx.Find(found) is not null ? found : tx.Create(new NetworkRecord
        {
            NameLabel = BriefText.Of(name),
            NameDescription = nic.Network is null ? "" : $"libvirt's network {BriefText.Of(name)}",
            Bridge = bridge ?? "",
            Mtu = 1500,
        });
    }
}
