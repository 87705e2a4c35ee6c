using System.Collections.Immutable;
using Redoubt.Compute;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Recreates VMs of a foreign database in this one, inside a single transaction: all of them with everything they have, or nothing.
/// <code>
/// for each VM    1 an older, halted copy here gives way; any other stops the whole
///                2 networks as told, by name, then by bridge; disks by SR and location
///                3 the VM's record, its drives and interfaces, its snapshots likewise
/// at the end     4 the vApp, and the VMs in it
/// </code>
/// </summary>
internal sealed class RecoveryImport(Transaction tx, DatabaseState foreign, RecoveryOptions options, IReadOnlyList<string> bootRoots)
{
    private readonly Dictionary<Ref<VmRecord>, Ref<VmRecord>> _made = [];
    private readonly RecoveryNetworks _networks = new(tx, options.Networks, onlyTold: false);

    /// <summary>What people should know of the outcome: the VM's UUID and a sentence.</summary>
    public List<(string VmUuid, string Text)> Notices { get; } = [];

    /// <summary>The vApp, if one was recovered.</summary>
    public Ref<VmApplianceRecord> Appliance { get; private set; }

    /// <summary>The VM that was made for one of the other pool's.</summary>
    public Ref<VmRecord> Made(Ref<VmRecord> theirs) => _made[theirs];

    /// <summary>Recreates the VMs, and the vApp if there is one.</summary>
    /// <exception cref="XenApiException">Something stands in the way; the transaction must be given up.</exception>
    public void Run(IReadOnlyList<Ref<VmRecord>> vms, Ref<VmApplianceRecord>? appliance)
    {
        foreach (var reference in vms)
        {
            var vm = foreign.Get(reference);
            Make(reference, vm, default);
            foreach (var snapshot in vm.Snapshots.Where(s => s != reference && foreign.Find(s) is { IsASnapshot: true }))
            {
                if (RecoveryRequirements.Disks(foreign, foreign.Get(snapshot)).Any(IsNotCopied))
                {
                    var name = BriefText.Of(foreign.Get(snapshot).NameLabel);
                    Notices.Add((vm.Uuid, $"Its snapshot {name} was left out: its disks are XenServer's and were not copied."));
                    continue;
                }

                Make(snapshot, foreign.Get(snapshot), _made[reference]);
            }
        }

        if (appliance is { } from)
        {
            Group(foreign.Get(from), vms);
        }
    }

    private void Make(Ref<VmRecord> reference, VmRecord theirs, Ref<VmRecord> snapshotOf)
    {
        if (TestMarks.IsOfTest(theirs.OtherConfig))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"{theirs.NameLabel} ({theirs.Uuid}) is a copy that a test failover made. Recover the VM that it is a copy of: "
                    + $"{theirs.OtherConfig.GetValueOrDefault(TestMarks.Of)}.");
        }

        var marks = options.AsCopies ? [] : GiveWay(theirs);

        var drives = theirs.Vbds.Select(foreign.Find).OfType<VbdRecord>().Select(b => (Vbd: b, Vdi: FindDisk(theirs, b))).ToList();
        var suspended = theirs.PowerState == VmPowerState.Suspended ? SuspendImageOf(theirs) : default;
        var known = options.IsUnproven
            ? HostFiles.Without(NewerNames.Drop(theirs), bootRoots, text => Notices.Add((theirs.Uuid, text)))
            : NewerNames.Drop(theirs);
        var made = tx.Create(RecoveryHold.Hold(VmRows.Unattached(known) with
        {
            Uuid = options.AsCopies ? "" : theirs.Uuid,
            Version = options.AsCopies ? 0 : RecoveredVersion.After(theirs.Version),
            PowerState = suspended.IsNull ? VmPowerState.Halted : VmPowerState.Suspended,
            SuspendVdi = suspended,
            SuspendSr = default,
            Affinity = HostHere(theirs.Affinity),
            Metrics = tx.Create(
                new VmMetricsRecord
                {
                    VcpusNumber = theirs.VcpusAtStartup,
                    InstallTime = foreign.Find(theirs.Metrics)?.InstallTime ?? DateTimeOffset.UnixEpoch,
                }),
            SnapshotOf = snapshotOf,
            Blobs = ImmutableSortedDictionary<string, Ref<BlobRecord>>.Empty,
            ProtectionPolicy = default,
            SnapshotSchedule = default,
            Appliance = default,
            BlockedOperations = HandOverMark.Without(theirs.BlockedOperations).SetItems(marks),
            GenerationId = theirs.IsATemplate ? theirs.GenerationId : NewVm.NextGenerationId(tx, theirs.GenerationId),
            OtherConfig = OtherConfig(theirs),
        }));
        _made[reference] = made;
        foreach (var (field, says) in NewerNames.Of(theirs))
        {
            Notices.Add(
                (theirs.Uuid, $"Its {field} said {BriefText.Of(says)}, for which this version has no word; what it "
                    + "knows of that was kept."));
        }

        tx.Update(made, Operations.WithAllowed);
        foreach (var (vbd, vdi) in drives.Where(d => d.Vbd.Type != VbdType.Disk || !d.Vdi.IsNull))
        {
            Plug(made, vbd, vdi);
        }

        foreach (var vif in theirs.Vifs.Select(foreign.Find).OfType<VifRecord>())
        {
            Plug(made, reference, theirs, vif);
        }

        if (VirtualTpms.Copy(tx, made, foreign, theirs, isSame: !options.AsCopies))
        {
            Notices.Add((theirs.Uuid, "What its virtual TPM keeps was not copied, because the TPM is unique; the copy has an empty one."));
        }

        NoteWhatIsLeftOut(theirs);
    }

    /// <summary>
    /// The rule of versions: a copy that was recovered more often is the newer one, and only an older copy gives way unasked.
    /// </summary>
    /// <returns>
    /// The marks that stay: a VM that was handed over comes home in a newer copy. An old one, put over it by force, is still elsewhere.
    /// </returns>
    private IEnumerable<KeyValuePair<VmOperations, string>> GiveWay(VmRecord theirs)
    {
        var here = tx.State.FindByUuid<VmRecord>(theirs.Uuid);
        if (tx.Find(here) is not { } ours)
        {
            return [];
        }

        // Forced or not: replacing a VM that runs would let the same VM run twice.
        if (ours.PowerState != VmPowerState.Halted && !ours.IsASnapshot)
        {
            throw new XenApiException(
                "VM_BAD_POWER_STATE", here.Opaque, "Halted", VmPowerStateType.Instance.Encode(ours.PowerState));
        }

        // Also while one is about to start: its drives are attached before it runs.
        VmRows.RequireIdle(here, ours);
        if (ours.Vbds.Select(tx.Get).FirstOrDefault(b => b.CurrentlyAttached) is { } attached)
        {
            throw new XenApiException("VDI_IN_USE", attached.Vdi.Opaque, "recover");
        }

        // What a VM that is gone has left behind stands in nobody's way.
        var isOrphan = ours.IsASnapshot && tx.Find(ours.SnapshotOf) is null;
        if (ours.Version >= theirs.Version && !options.Force && !isOrphan)
        {
            throw new XenApiException("VM_TO_IMPORT_IS_NOT_NEWER_VERSION", here.Opaque, $"{ours.Version}", $"{theirs.Version}");
        }

        if (AdoptedVm.OriginOf(ours) is { } libvirt)
        {
            Notices.Add(
                (theirs.Uuid, $"It was adopted here, and its old copy is still defined in {libvirt}. It is one of the pool's own now: "
                    + "remove "
                    + "that definition (virsh undefine --keep-nvram), so that nobody starts it."));
        }

        VmRows.Delete(tx, here);
        foreach (var snapshot in ours.Snapshots.Where(s => tx.Find(s) is not null))
        {
            // One that was taken only here stays, as a snapshot of nothing; one that comes back with the VM gives way on its own.
            tx.Update(snapshot, s => s with { SnapshotOf = default });
        }

        return theirs.Version > ours.Version && !options.KeepsHandOver ? [] : ours.BlockedOperations.Where(b => HandOverMark.Is(b.Value));
    }

    private Ref<VdiRecord> FindDisk(VmRecord vm, VbdRecord vbd)
    {
        if (vbd.Vdi.IsNull || foreign.Find(vbd.Vdi) is not { } theirs)
        {
            return default;
        }

        if (foreign.Find(theirs.Sr) is { ContentType: "iso" })
        {
            return VdiRows.FindIso(tx.State, theirs.Location);
        }

        var found = FindHere(theirs);
        if (!found.IsNull)
        {
            if (options.DiskFor(theirs) is null)
            {
                RequireOurs(found);
                RequireNoVolume(found);
                Describe(found, theirs);
            }

            return found;
        }

        if (vbd.Type == VbdType.Cd)
        {
            return default;
        }

        if (!options.Force)
        {
            throw Lost(theirs);
        }

        Notices.Add((vm.Uuid, $"The disk {theirs.NameLabel} ({theirs.Uuid}, position {vbd.Userdevice}) is not on the storage. "
            + "The VM was recovered without it, because the recovery was forced."));
        return default;
    }

    private Ref<VdiRecord> SuspendImageOf(VmRecord vm)
    {
        if (!options.IsWithoutMemory)
        {
            return FindSuspendImage(vm);
        }

        Notices.Add((vm.Uuid, "It was suspended. Its memory does not come along, so that it is halted."));
        return default;
    }

    private Ref<VdiRecord> FindSuspendImage(VmRecord vm)
    {
        var image = foreign.Find(vm.SuspendVdi);
        var found = image is null ? default : FindHere(image);
        if (tx.Find(found) is { } here && IsXenServers(here))
        {
            Notices.Add((vm.Uuid, "It was suspended. Its memory is in XenServer's form, which nothing here resumes: it is halted."));
            return default;
        }

        if (!found.IsNull)
        {
            return found;
        }

        if (!options.Force)
        {
            throw image is null ? new XenApiException("VDI_CONTENT_ID_MISSING") : Lost(image);
        }

        Notices.Add(
            (vm.Uuid, "The image of the VM's suspended state is not on the storage. The VM was recovered halted, because "
                + "the recovery was forced."));
        return default;
    }

    private Ref<VdiRecord> FindHere(VdiRecord theirs)
    {
        if (options.DiskFor(theirs) is { } wanted)
        {
            var mapped = tx.State.FindByUuid<VdiRecord>(wanted);
            return tx.Find(mapped) is not { Missing: false } disk ? throw new XenApiException("UUID_INVALID", "VDI", wanted)
                : disk.Type != VdiType.Metadata ? mapped
                : throw VdiRows.Incompatible(mapped, disk);
        }

        var sr = foreign.Find(theirs.Sr) is { } theirSr ? tx.State.FindByUuid<SrRecord>(theirSr.Uuid) : default;
        bool IsIt(Ref<VdiRecord> vdi) => tx.Find(vdi) is { Missing: false } here && here.Sr == sr && here.Location == theirs.Location;

        // Nearly always the location is the UUID, and then an SR of any size is searched at once.
        var likely = tx.State.FindByUuid<VdiRecord>(theirs.Location);
        return IsIt(likely) ? likely : tx.Find(sr) is { } ours ? ours.Vdis.FirstOrDefault(IsIt) : default;
    }

    private static bool IsXenServers(VdiRecord vdi) => vdi.SmConfig.GetValueOrDefault(Marks.Format) == Marks.Vhd;

    private bool IsNotCopied(VdiRecord theirs) =>
        options.DiskFor(theirs) is null && tx.Find(FindHere(theirs)) is { } here && IsXenServers(here);

    /// <summary>A disk that no VM can run on, and that is not written to: a VM that came to stand on it would never start.</summary>
    private void RequireOurs(Ref<VdiRecord> found)
    {
        if (tx.Get(found) is var here && IsXenServers(here))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The disk {BriefText.Of(here.NameLabel)} ({here.Uuid}) is a VHD of XenServer, which has to be copied to an SR of this "
                    + "pool before its VM is recovered. A plan does that (dr-plan, dr-failover).");
        }
    }

    /// <summary>
    /// A volume that was proven, or is this pool's own, becomes no disk, whatever a database says. One that only looks like a volume is
    /// what a database that is believed says it is.
    /// </summary>
    private void RequireNoVolume(Ref<VdiRecord> found)
    {
        var here = tx.Get(found);
        if (here.Type != VdiType.Metadata)
        {
            return;
        }

        if (options.IsUnproven || here.SmConfig.ContainsKey(ScanRows.ProvenKey) || tx.Find(here.MetadataOfPool) is not null)
        {
            throw VdiRows.Incompatible(found, here);
        }

        tx.Update(found, v => v with { Type = VdiType.User, MetadataOfPool = default, MetadataLatest = false });
    }

    private XenApiException Lost(VdiRecord theirs)
    {
        var sr = foreign.Find(theirs.Sr) is { } theirSr ? tx.State.FindByUuid<SrRecord>(theirSr.Uuid) : default;
        return sr.IsNull ? new("VDI_CONTENT_ID_MISSING") : new("VDI_LOCATION_MISSING", sr.Opaque, theirs.Location);
    }

    /// <summary>
    /// A file SR keeps no names, nor what is a snapshot of what, so what the lost pool knew of the disk comes from its database.
    /// </summary>
    private void Describe(Ref<VdiRecord> here, VdiRecord theirs) => tx.Update(here, v => v with
    {
        IsASnapshot = theirs.IsASnapshot,
        SnapshotOf = foreign.Find(theirs.SnapshotOf) is { } of && options.DiskFor(of) is null ? FindHere(of) : default,
        SnapshotTime = theirs.SnapshotTime,
        NameLabel = v.NameLabel.Length > 0 ? v.NameLabel : theirs.NameLabel,
        NameDescription = v.NameDescription.Length > 0 ? v.NameDescription : theirs.NameDescription,
        OtherConfig = theirs.OtherConfig.TryGetValue("config-drive", out var drive)
            ? v.OtherConfig.SetItem("config-drive", drive)
            : v.OtherConfig.Remove("config-drive"),
    });

    private void Plug(Ref<VmRecord> vm, VbdRecord theirs, Ref<VdiRecord> vdi) => tx.Create(VmRows.Unattached(NewerNames.Drop(theirs)) with
    {
        Uuid = FreeUuid<VbdRecord>(theirs.Uuid),
        Vm = vm,
        Vdi = vdi,
        Empty = vdi.IsNull,
    });

    private void Plug(Ref<VmRecord> vm, Ref<VmRecord> reference, VmRecord owner, VifRecord theirs) =>
        tx.Create(VmRows.Unattached(NewerNames.Drop(theirs)) with
        {
            Uuid = FreeUuid<VifRecord>(theirs.Uuid),
            Vm = vm,
            Mac = options.AsCopies ? MacAddress.New(tx) : theirs.Mac,
            Network = foreign.Find(theirs.Network) is { Uuid.Length: > 0 } network
                ? _networks.Find(reference, network, text => Notices.Add((owner.Uuid, text)))
                : default,
        });

    private void Group(VmApplianceRecord theirs, IReadOnlyList<Ref<VmRecord>> vms)
    {
        var here = tx.State.FindByUuid<VmApplianceRecord>(theirs.Uuid);
        if (tx.Find(here) is { } ours)
        {
            foreach (var member in ours.Vms)
            {
                tx.Update(member, v => v with { Appliance = default });
            }

            tx.Update(here, a => a with { NameLabel = theirs.NameLabel, NameDescription = theirs.NameDescription });
        }
        else
        {
            here = tx.Create(
                new VmApplianceRecord { Uuid = theirs.Uuid, NameLabel = theirs.NameLabel, NameDescription = theirs.NameDescription });
        }

        foreach (var vm in vms.Where(v => !foreign.Get(v).IsATemplate))
        {
            tx.Update(_made[vm], v => v with { Appliance = here });
        }

        tx.Update(here, a => AllowedOperations.Apply(tx, a));
        Appliance = here;
    }

    private void NoteWhatIsLeftOut(VmRecord vm)
    {
        Notices.AddRange(AdoptionFindings.Lacking(AdoptedVm.DefinitionOf(vm) ?? "").Select(text => (vm.Uuid, text)));
        var left = new[] { (vm.Vgpus.Count, "virtual GPU"), (vm.Vusbs.Count, "virtual USB device"), (vm.AttachedPcis.Count, "PCI device") }
            .Where(l => l.Item1 > 0).Select(l => $"{l.Item1} {l.Item2}").ToList();
        if (left.Count > 0)
        {
            Notices.Add((vm.Uuid, $"The VM was recovered without {string.Join(", ", left)}, which this pool does not support."));
        }
    }

    private Ref<HostRecord> HostHere(Ref<HostRecord> theirs) =>
        foreign.Find(theirs) is { } host ? tx.State.FindByUuid<HostRecord>(host.Uuid) : default;

    private string FreeUuid<T>(string wanted)
        where T : Record, IRecord<T>, new() =>
        !options.AsCopies && tx.State.FindByUuid<T>(wanted).IsNull ? wanted : tx.NewUuid();

    private ImmutableSortedDictionary<string, string> OtherConfig(VmRecord theirs)
    {
        var config = theirs.OtherConfig.Remove("grant_api_access");
        return options.AsCopies && config.ContainsKey("mac_seed") ? config.SetItem("mac_seed", tx.NewUuid()) : config;
    }
}
