using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>
/// How a genuine pool recovers: an export of the foreign rows that is imported again. It checks SRs first, forced or not; it makes networks
/// in silence; what it replaces is gone, whatever comes after; forced, it passes over copies that are not halted and cleans nothing up.
/// </summary>
internal sealed class GenuineImport(GenuineXapi pool)
{
    // Of bridges that a user may not name.
    private static readonly string[] Reserved = ["xen", "xapi", "vif", "tap", "eth"];

    private int _bridges = 7;

    private FakeDatabase Rows => pool.Database;

    public void RequireSrs(FakeDatabase foreign, IReadOnlyList<Ref<VmRecord>> vms)
    {
        foreach (var vm in vms)
        {
            foreach (var sr in foreign.Get(vm).Vbds.Select(foreign.Get).Where(b => b.Type != VbdType.Cd && !b.Vdi.IsNull)
                .Select(b => foreign.Get(b.Vdi).Sr).Distinct())
            {
                var here = Rows.Find<SrRecord>(foreign.Get(sr).Uuid);
                if (here.IsNull || !Rows.Get(here).Pbds.Any(p => Rows.Get(p).CurrentlyAttached))
                {
                    throw new XenApiException("VM_REQUIRES_SR", vm.Opaque, (here.IsNull ? sr : here).Opaque);
                }
            }
        }
    }

    public void RecoverAppliance(FakeDatabase foreign, Ref<VmApplianceRecord> appliance, bool force)
    {
        var record = foreign.Get(appliance);
        var made = Recover(foreign, [.. record.Vms], force);
        var here = Rows.Find<VmApplianceRecord>(record.Uuid);
        if (here.IsNull)
        {
            here = Rows.Add(new VmApplianceRecord(), record.Uuid);
        }

        foreach (var member in Rows.Get(here).Vms)
        {
            Rows.Set(member, v => v with { Appliance = default });
        }

        Rows.Set(here, a => a with { NameLabel = record.NameLabel, NameDescription = record.NameDescription });
        foreach (var vm in made.Where(v => !Rows.Get(v).IsATemplate))
        {
            Rows.Set(vm, v => v with { Appliance = here });
        }
    }

    public IReadOnlyList<Ref<VmRecord>> Recover(FakeDatabase foreign, IReadOnlyList<Ref<VmRecord>> vms, bool force)
    {
        RequireSrs(foreign, vms);
        var undo = new Stack<Action>();
        try
        {
            var made = new List<Ref<VmRecord>>();
            foreach (var vm in vms)
            {
                if (Import(foreign, foreign.Get(vm), default, force, undo) is { IsNull: false } here)
                {
                    made.Add(here);
                    foreach (var snapshot in foreign.Get(vm).Snapshots)
                    {
                        Import(foreign, foreign.Get(snapshot), here, force, undo);
                    }
                }
            }

            foreach (var vdi in made.SelectMany(v => Rows.Get(v).Vbds).Select(b => Rows.Get(b).Vdi).Where(v => !v.IsNull))
            {
                Rows.Set(Rows.Get(vdi).Sr, s => s with { IntroducedBy = default });
            }

            return made;
        }
        catch (XenApiException) when (!force)
        {
            while (undo.TryPop(out var step))
            {
                step();
            }

            throw;
        }
    }

    /// <summary>A network as a user's session may make it.</summary>
    public Ref<NetworkRecord> CreateNetwork(NetworkRecord record)
    {
        if (Array.Exists(Reserved, r => record.Bridge.StartsWith(r, StringComparison.Ordinal)))
        {
            throw new XenApiException("INVALID_VALUE", "bridge", record.Bridge);
        }

        return Rows.Add(record with { Bridge = record.Bridge.Length > 0 ? record.Bridge : $"xapi{++_bridges}" }, pool.NewUuid("0e"));
    }

    /// <summary>The VM's rows, not its disks; its snapshots stay.</summary>
    public void RemoveVm(Ref<VmRecord> vm)
    {
        var record = Rows.Get(vm);
        foreach (var part in record.Vbds.Select(b => b.Opaque).Concat(record.Vifs.Select(v => v.Opaque)).Append(vm.Opaque).ToList())
        {
            Rows.Remove(part);
        }
    }

    private Ref<VmRecord> Import(FakeDatabase foreign, VmRecord theirs, Ref<VmRecord> snapshotOf, bool force, Stack<Action> undo)
    {
        var disks = theirs.Vbds.Select(foreign.Get).Where(b => !b.Vdi.IsNull)
            .ToDictionary(b => b.Vdi, b => Disk(foreign, foreign.Get(b.Vdi), force));
        if (Rows.Find<VmRecord>(theirs.Uuid) is { IsNull: false } there)
        {
            var ours = Rows.Get(there);
            if (ours.PowerState != VmPowerState.Halted)
            {
                return force ? default : throw new XenApiException("VM_BAD_POWER_STATE", there.Opaque, "Halted", $"{ours.PowerState}");
            }

            if (ours.Version >= theirs.Version && !force)
            {
                throw new XenApiException("VM_TO_IMPORT_IS_NOT_NEWER_VERSION", there.Opaque, $"{ours.Version}", $"{theirs.Version}");
            }

            Replace(there, ours);
        }

        var vm = Rows.Add(
            theirs with
            {
                PowerState = theirs.PowerState == VmPowerState.Suspended ? VmPowerState.Suspended : VmPowerState.Halted,
                Version = theirs.Version + 1,
                BlockedOperations = ImmutableSortedDictionary<VmOperations, string>.Empty,
                OtherConfig = theirs.OtherConfig.SetItem("import_task", "OpaqueRef:import"),
                Appliance = default,
                SnapshotOf = snapshotOf,
                SuspendVdi = theirs.PowerState == VmPowerState.Suspended && !theirs.SuspendVdi.IsNull
                    ? Disk(foreign, foreign.Get(theirs.SuspendVdi), force)
                    : default,
                Metrics = Rows.Add(new VmMetricsRecord()),
                GuestMetrics = default,
            }, theirs.Uuid);
        undo.Push(() => RemoveVm(vm));
        foreach (var vbd in theirs.Vbds.Select(foreign.Get))
        {
            Drive(vbd, vm, vbd.Vdi.IsNull ? default : disks[vbd.Vdi]);
        }

        foreach (var vif in theirs.Vifs.Select(foreign.Get))
        {
            Rows.Add(vif with { Vm = vm, Network = Network(foreign.Get(vif.Network), undo), CurrentlyAttached = false }, vif.Uuid);
        }

        return vm;
    }

    private void Replace(Ref<VmRecord> vm, VmRecord record)
    {
        foreach (var vif in record.Vifs)
        {
            Rows.Remove(vif.Opaque);
        }

        foreach (var vbd in record.Vbds)
        {
            if (Rows.Get(vbd).CurrentlyAttached)
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", $"VBD '{Rows.Get(vbd).Uuid}' still attached to '{record.Uuid}'");
            }

            Rows.Remove(vbd.Opaque);
        }

        RemoveVm(vm);
    }

    // By SCSI id, then by its place on the SR of the same UUID.
    private Ref<VdiRecord> Disk(FakeDatabase foreign, VdiRecord theirs, bool force)
    {
        var sr = Rows.Find<SrRecord>(foreign.Get(theirs.Sr).Uuid);
        var scsi = theirs.SmConfig.GetValueOrDefault("SCSIid");
        var found = Rows.All<VdiRecord>().FirstOrDefault(
            v => (scsi is not null && v.Record.SmConfig.GetValueOrDefault("SCSIid") == scsi)
                || (v.Record.Sr == sr && v.Record.Location == theirs.Location)).Ref;
        return !found.IsNull || force ? found
            : sr.IsNull
                ? throw new XenApiException("VDI_CONTENT_ID_MISSING")
                : throw new XenApiException("VDI_LOCATION_MISSING", sr.Opaque, theirs.Location);
    }

    // The mark of an attached drive is kept, whatever the VM is now.
    private void Drive(VbdRecord theirs, Ref<VmRecord> vm, Ref<VdiRecord> vdi)
    {
        if (vdi.IsNull && theirs.CurrentlyAttached && theirs.Type != VbdType.Cd)
        {
            throw new XenApiException("INTERNAL_ERROR", "(Failure \"Attached_disks_not_found\")");
        }

        if (!vdi.IsNull || theirs.Type == VbdType.Cd)
        {
            Rows.Add(theirs with { Vm = vm, Vdi = vdi, Empty = vdi.IsNull }, theirs.Uuid);
        }
    }

    private Ref<NetworkRecord> Network(NetworkRecord theirs, Stack<Action> undo)
    {
        var here = Rows.All<NetworkRecord>().ToList();
        if (here.Find(n => n.Record.NameLabel == theirs.NameLabel) is { Record: not null } named)
        {
            return named.Ref;
        }

        if (here.Find(n => n.Record.Bridge == theirs.Bridge) is { Record: not null } bridged)
        {
            return bridged.Ref;
        }

        var made = CreateNetwork(theirs with { OtherConfig = theirs.OtherConfig.SetItem("import_task", "OpaqueRef:import") });
        undo.Push(() => Rows.Remove(made.Opaque));
        return made;
    }
}
