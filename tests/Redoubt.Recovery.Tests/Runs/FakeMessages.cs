using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests;

/// <summary>What the fake pool's messages do to its rows.</summary>
internal sealed class FakeMessages(FakePool pool)
{
    private FakeDatabase Rows => pool.Database;

    public WireValue Answer(string name, FakeCall call)
    {
        switch (name)
        {
            case "session.logout": pool.Close(call.Session); break;
            case "session.get_record": throw new XenApiException("MESSAGE_METHOD_UNKNOWN", name);
            case "task.destroy": Rows.Remove(call.Text(0)); break;
            case "host.compute_free_memory": return new WireInt(32L << 30);
            case "pool.sync_database": break;
            case "pool.get_closed_secrets": return new WireArray([]);
            case "pool.disable_ha": Rows.Set(pool.Pool, p => p with { HaEnabled = false, HaStatefiles = [] }); break;
            case "pool.enable_ha":
                var statefile = Rows.Add(new VdiRecord { Sr = new(call.Set(0)[0]), Type = VdiType.HaStatefile });
                Rows.Set(pool.Pool, p => p with { HaEnabled = true, HaStatefiles = [statefile.Opaque] });
                break;
            case "VDI.open_database" or "VDI.open_database_at":
                Rows.Get(call.Ref<VdiRecord>(0));
                return new WireString(pool.Open(pool.World.Source.Database.Snapshot()));
            case "VM.recover" or "VM.recover_mapped": return Recover(name, call, [call.Ref<VmRecord>(0)], default);
            case "VM_appliance.recover" or "VM_appliance.recover_mapped":
                var appliance = call.Ref<VmApplianceRecord>(0);
                return Recover(name, call, [.. pool.DatabaseOf(call.Session).Get(appliance).Vms], appliance);
            case "VM.recover_for_test": return RecoverForTest(call);
            case "VM.get_screenshot": Rows.Get(call.Ref<VmRecord>(0)); return new WireString(pool.Screen);
            case "SR.scan": Rows.Get(call.Ref<SrRecord>(0)); break;
            case "VM.state_site_dead" or "VM.release_recovery_hold": Rows.Get(call.Ref<VmRecord>(0)); break;
            case "VM.start" or "VM.resume": Start(name, call.Ref<VmRecord>(0), call.Bool(1)); break;
            case "VM.unpause": Power(call.Ref<VmRecord>(0), VmPowerState.Running, VmPowerState.Paused); break;
            case "VM.clean_shutdown": Power(call.Ref<VmRecord>(0), VmPowerState.Halted, VmPowerState.Running); break;
            case "VM.hard_shutdown":
                Power(call.Ref<VmRecord>(0), VmPowerState.Halted, VmPowerState.Running, VmPowerState.Paused, VmPowerState.Suspended);
                break;
            case "VM.add_to_blocked_operations":
                Rows.Set(
                    call.Ref<VmRecord>(0), v => v with { BlockedOperations = v.BlockedOperations.Add(Operation(call), call.Text(2)) });
                break;
            case "VM.remove_from_blocked_operations":
                Rows.Set(call.Ref<VmRecord>(0), v => v with { BlockedOperations = v.BlockedOperations.Remove(Operation(call)) });
                break;
            case "VM.take_back":
                Rows.Set(
                    call.Ref<VmRecord>(0), v => v with { Version = (pool.World.VersionElsewhere(pool, v.Uuid) ?? v.Version) + 1 });
                break;
            case "VM.destroy": DestroyVm(call.Ref<VmRecord>(0)); break;
            case "VM_appliance.destroy": Rows.Remove(Existing<VmApplianceRecord>(call)); break;
            case "VIF.move": Rows.Set(call.Ref<VifRecord>(0), v => v with { Network = call.Ref<NetworkRecord>(1) }); break;
            case "network.create":
                return new WireString(Rows.Add(
                    new NetworkRecord
                    {
                        NameLabel = Member<WireString>(call, "name_label").Value,
                        OtherConfig = Strings(Member<WireStruct>(call, "other_config")),
                    }).Opaque);
            case "network.create_isolated": return CreateIsolated(call.Text(0), call.Text(1));
            case "network.destroy":
                if (Rows.Get(call.Ref<NetworkRecord>(0)).Vifs.Count > 0)
                {
                    throw new XenApiException("NETWORK_CONTAINS_VIF", call.Text(0));
                }

                Rows.Remove(call.Text(0));
                break;
            case "VDI.create":
                return new WireString(Rows.Add(
                    new VdiRecord
                    {
                        NameLabel = Member<WireString>(call, "name_label").Value,
                        Sr = new(Member<WireString>(call, "SR").Value),
                        VirtualSize = 1 << 20,
                        OtherConfig = Strings(Member<WireStruct>(call, "other_config")),
                    }).Opaque);
            case "VDI.copy":
                Rows.Set(call.Ref<VdiRecord>(3), v => v with { Location = $"what {call.Text(0)} has" });
                return new WireString(call.Text(3));
            case "VDI.compare":
                if (Rows.Get(call.Ref<VdiRecord>(1)).Location != $"what {call.Text(0)} has")
                {
                    throw new XenApiException("VDI_CONTENT_DIFFERS", call.Text(0), call.Text(1), "0");
                }

                break;
            case "VDI.destroy":
                if (Rows.Get(call.Ref<VdiRecord>(0)).Vbds.Count > 0)
                {
                    throw new XenApiException("VDI_IN_USE", call.Text(0), "destroy");
                }

                Rows.Remove(call.Text(0));
                break;
            case "SR.clone_for_test": return CloneForTest(call.Ref<SrRecord>(0), call.Text(1));
            case "SR.destroy_test_clone":
                if (Rows.Has(call.Text(0)))
                {
                    RemoveSr(call.Ref<SrRecord>(0));
                }

                break;
            case "SR.enable_database_replication": Protect(call.Ref<SrRecord>(0)); break;
            case "SR.disable_database_replication": Unprotect(call.Ref<SrRecord>(0)); break;
            case "SR.forget":
                if (Rows.Get(call.Ref<SrRecord>(0)).Pbds.Count > 0)
                {
                    throw new XenApiException("SR_HAS_PBD", call.Text(0));
                }

                RemoveSr(call.Ref<SrRecord>(0));
                break;
            case "PBD.unplug": Rows.Set(call.Ref<PbdRecord>(0), p => p with { CurrentlyAttached = false }); break;
            case "PBD.plug": Rows.Set(call.Ref<PbdRecord>(0), p => p with { CurrentlyAttached = true }); break;
            case "PBD.destroy": Rows.Remove(Existing<PbdRecord>(call)); break;
            case "DR_task.create": return Attach(call);
            case "DR_task.destroy":
                foreach (var sr in Rows.Get(call.Ref<DrTaskRecord>(0)).IntroducedSrs)
                {
                    RemoveSr(sr);
                }

                Rows.Remove(call.Text(0));
                break;
            default: throw new XenApiException("MESSAGE_METHOD_UNKNOWN", name);
        }

        return new WireString("");
    }

    private string Existing<T>(FakeCall call)
        where T : Redoubt.XenApi.Record, IRecord<T>, new()
    {
        Rows.Get(call.Ref<T>(0));
        return call.Text(0);
    }

    private WireString Recover(string name, FakeCall call, IReadOnlyList<Ref<VmRecord>> vms, Ref<VmApplianceRecord> appliance)
    {
        var foreign = pool.DatabaseOf(call.Session);
        if (foreign == Rows)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"{name} takes a session on a foreign database.");
        }

        // All checks come first: it is all or nothing.
        var isMapped = name.EndsWith("_mapped", StringComparison.Ordinal);
        var map = isMapped ? call.Map(3) : ImmutableDictionary<string, string>.Empty;
        var disks = isMapped ? call.Map(4) : ImmutableDictionary<string, string>.Empty;
        Ref<VdiRecord> DiskOf(VdiRecord theirs) => Rows.Find<VdiRecord>(disks.GetValueOrDefault(theirs.Uuid, theirs.Uuid));
        foreach (var vm in vms.Select(foreign.Get))
        {
            Check(foreign, vm, call.Bool(2), map);
        }

        var into = Ref(Rows.Find<VmApplianceRecord>(appliance.IsNull ? "" : foreign.Get(appliance).Uuid), () =>
            appliance.IsNull
                ? default
                : Rows.Add(new VmApplianceRecord { NameLabel = foreign.Get(appliance).NameLabel }, foreign.Get(appliance).Uuid));
        Ref<VmRecord> made = default;
        foreach (var vm in vms.Select(foreign.Get))
        {
            if (Rows.Find<VmRecord>(vm.Uuid) is { IsNull: false } old)
            {
                RemoveVm(old);
            }

            made = Copy(foreign, vm, v => v with { Version = vm.Version + 1, Appliance = into, PowerState = vm.PowerState == VmPowerState.Suspended ? VmPowerState.Suspended : VmPowerState.Halted },
                vm.Uuid, n => Network(foreign, n, map), DiskOf);
            foreach (var snapshot in vm.Snapshots.Select(foreign.Get))
            {
                var owner = made;
                Copy(
                    foreign, snapshot, s => s with { SnapshotOf = owner, Version = snapshot.Version + 1 }, snapshot.Uuid, n => n,
                    d => Rows.Find<VdiRecord>(d.Uuid));
            }

            foreach (var vbd in Rows.Get(made).Vbds)
            {
                var disk = Rows.Get(Rows.Get(vbd).Vdi);
                if (disk.SmConfig.ContainsKey(Marks.Format))
                {
                    pool.World.Violations.Add($"{vm.NameLabel} was recovered on {disk.Uuid}, on which it can't run");
                }

                Rows.Set(disk.Sr, s => s with { IntroducedBy = default });
            }
        }

        return new WireString(into.IsNull ? made.Opaque : into.Opaque);
    }

    private void Check(FakeDatabase foreign, VmRecord vm, bool force, IReadOnlyDictionary<string, string> map)
    {
        if (Rows.Find<VmRecord>(vm.Uuid) is { IsNull: false } there)
        {
            var here = Rows.Get(there);
            if (here.PowerState != VmPowerState.Halted || (here.Version >= vm.Version && !force))
            {
                throw new XenApiException("VM_TO_IMPORT_IS_NOT_NEWER_VERSION", vm.Uuid, $"{here.Version}", $"{vm.Version}");
            }
        }

        foreach (var vbd in vm.Vbds.Select(foreign.Get))
        {
            if (Rows.Find<VdiRecord>(foreign.Get(vbd.Vdi).Uuid).IsNull)
            {
                throw new XenApiException("VM_REQUIRES_SR", vm.Uuid, foreign.Get(vbd.Vdi).Sr.Opaque);
            }
        }

        foreach (var vif in vm.Vifs.Select(foreign.Get))
        {
            if (Network(foreign, vif.Network, map).IsNull)
            {
                throw new XenApiException("NETWORK_NOT_MAPPED", foreign.Get(vif.Network).Uuid, foreign.Get(vif.Network).NameLabel);
            }
        }
    }

    private WireString RecoverForTest(FakeCall call)
    {
        var (foreign, label, networks, srs) = (pool.DatabaseOf(call.Session), call.Text(2), call.Map(3), call.Map(4));
        var vm = foreign.Get(call.Ref<VmRecord>(0));
        var there = Rows.All<VmRecord>().FirstOrDefault(v => Stands(v.Record.OtherConfig, label, vm.Uuid)).Ref;
        return new WireString(Ref(there, () => Copy(
            foreign, vm,
            v => v with
            {
                NameLabel = $"[{label}] {vm.NameLabel}",
                PowerState = VmPowerState.Halted,
                OtherConfig = v.OtherConfig.SetItems(Mark(label, vm.Uuid)),
                Version = 0,
            },
            null,
            n => Rows.Find<NetworkRecord>(networks[foreign.Get(n).Uuid]),
            d => Rows.All<VdiRecord>().First(
                v => Stands(v.Record.OtherConfig, label, d.Uuid)
                    && Rows.Get(v.Record.Sr).Uuid == srs[foreign.Get(d.Sr).Uuid]).Ref)).Opaque);
    }

    private Ref<VmRecord> Copy(
        FakeDatabase foreign, VmRecord vm, Func<VmRecord, VmRecord> change, string? uuid, Func<Ref<NetworkRecord>,
        Ref<NetworkRecord>> network, Func<VdiRecord, Ref<VdiRecord>> disk)
    {
        var made = Rows.Add(change(vm with { Metrics = default, GuestMetrics = default }), uuid);
        foreach (var vbd in vm.Vbds.Select(foreign.Get))
        {
            Rows.Add(vbd with { Vm = made, Vdi = disk(foreign.Get(vbd.Vdi)) });
        }

        foreach (var vif in vm.Vifs.Select(foreign.Get))
        {
            Rows.Add(vif with { Vm = made, Network = network(vif.Network) });
        }

        return made;
    }

    private Ref<NetworkRecord> Network(FakeDatabase foreign, Ref<NetworkRecord> network, IReadOnlyDictionary<string, string> map)
    {
        var theirs = foreign.Get(network);
        return map.TryGetValue(theirs.Uuid, out var to)
            ? Rows.Find<NetworkRecord>(to)
            : Rows.All<NetworkRecord>().FirstOrDefault(n => n.Record.NameLabel == theirs.NameLabel).Ref;
    }

    private static VmOperations Operation(FakeCall call) => VmOperationsType.Instance.Decode(call.Text(1));

    private void Start(string name, Ref<VmRecord> vm, bool paused)
    {
        if (Rows.Get(vm).BlockedOperations.TryGetValue(name == "VM.start" ? VmOperations.Start : VmOperations.Resume, out var reason))
        {
            throw new XenApiException("OPERATION_BLOCKED", vm.Opaque, reason);
        }

        if (pool.World.SourceSeesTarget && pool == pool.World.Source
            && pool.World.VersionElsewhere(pool, Rows.Get(vm).Uuid) is { } elsewhere && elsewhere > Rows.Get(vm).Version)
        {
            throw new XenApiException(
                "VM_RECOVERED_ELSEWHERE", vm.Opaque, pool.World.Target.Database.Get(pool.World.Target.Pool).Uuid, "recovery",
                $"{elsewhere}");
        }

        Power(vm, paused ? VmPowerState.Paused : VmPowerState.Running, name == "VM.start" ? VmPowerState.Halted : VmPowerState.Suspended);
        foreach (var vif in Rows.Get(vm).Vifs)
        {
            Rows.Set(vif, v => v with { CurrentlyAttached = !pool.DeadNetworks.Contains(Rows.Get(v.Network).NameLabel) });
        }

        pool.World.Started(pool, Rows.Get(vm));
    }

    private void Power(Ref<VmRecord> vm, VmPowerState to, params VmPowerState[] from)
    {
        var state = Rows.Get(vm).PowerState;
        if (!from.Contains(state))
        {
            throw new XenApiException("VM_BAD_POWER_STATE", vm.Opaque, $"{from[0]}".ToLowerInvariant(), $"{state}".ToLowerInvariant());
        }

        Rows.Set(vm, v => v with { PowerState = to });
    }

    private void DestroyVm(Ref<VmRecord> vm)
    {
        if (Rows.Get(vm).PowerState != VmPowerState.Halted)
        {
            throw new XenApiException("VM_BAD_POWER_STATE", vm.Opaque, "halted", $"{Rows.Get(vm).PowerState}".ToLowerInvariant());
        }

        RemoveVm(vm);
    }

    private void RemoveVm(Ref<VmRecord> vm)
    {
        var record = Rows.Get(vm);
        foreach (var snapshot in record.Snapshots)
        {
            Rows.Set(snapshot, s => s with { SnapshotOf = default });
        }

        foreach (var part in record.Vbds.Select(b => b.Opaque).Concat(record.Vifs.Select(v => v.Opaque)).Append(vm.Opaque).ToList())
        {
            Rows.Remove(part);
        }
    }

    private WireString CreateIsolated(string label, string name) => new(Ref(
        Rows.All<NetworkRecord>().FirstOrDefault(n => Stands(n.Record.OtherConfig, label, name)).Ref,
        () => Rows.Add(new NetworkRecord { NameLabel = $"[{label}] {name}", OtherConfig = Mark(label, name) })).Opaque);

    private WireString CloneForTest(Ref<SrRecord> sr, string label)
    {
        var source = Rows.Get(sr);
        return new(Ref(Rows.All<SrRecord>().FirstOrDefault(s => Stands(s.Record.OtherConfig, label, source.Uuid)).Ref, () =>
        {
            var clone = Rows.Add(
                new SrRecord { NameLabel = $"[{label}] {source.NameLabel}", Type = source.Type, OtherConfig = Mark(label, source.Uuid) });
            foreach (var vdi in source.Vdis.Select(Rows.Get).Where(v => v.Type == VdiType.User).ToList())
            {
                Rows.Add(vdi with { Sr = clone, OtherConfig = Mark(label, vdi.Uuid) });
            }

            return clone;
        }).Opaque);
    }

    private WireString Attach(FakeCall call)
    {
        var task = Rows.Add(new DrTaskRecord());
        foreach (var sr in call.Set(2).Where(s => Rows.Find<SrRecord>(s).IsNull))
        {
            pool.World.Attach(pool, sr, task);
        }

        return new(task.Opaque);
    }

    private void RemoveSr(Ref<SrRecord> sr)
    {
        var record = Rows.Get(sr);
        foreach (var vdi in record.Vdis.Select(Rows.Get))
        {
            foreach (var vbd in vdi.Vbds)
            {
                throw new XenApiException("VDI_IN_USE", vbd.Opaque);
            }
        }

        foreach (var part in record.Vdis.Select(v => v.Opaque).Concat(record.Pbds.Select(p => p.Opaque)).Append(sr.Opaque).ToList())
        {
            Rows.Remove(part);
        }
    }

    private void Protect(Ref<SrRecord> sr)
    {
        if (Rows.Get(sr).Vdis.Select(Rows.Get).All(v => v.MetadataOfPool != pool.Pool))
        {
            Rows.Add(new VdiRecord { Sr = sr, Type = VdiType.Metadata, MetadataOfPool = pool.Pool, MetadataLatest = true });
        }
    }

    private void Unprotect(Ref<SrRecord> sr)
    {
        foreach (var vdi in Rows.Get(sr).Vdis.Where(v => Rows.Get(v).MetadataOfPool == pool.Pool).ToList())
        {
            Rows.Remove(vdi.Opaque);
        }
    }

    private static T Member<T>(FakeCall call, string name)
        where T : WireValue => (T)((WireStruct)call.Arguments[0]).Members.Single(m => m.Key == name).Value;

    private static ImmutableSortedDictionary<string, string> Strings(WireStruct map) =>
        map.Members.ToImmutableSortedDictionary(m => m.Key, m => ((WireString)m.Value).Value, StringComparer.Ordinal);

    private static Ref<T> Ref<T>(Ref<T> there, Func<Ref<T>> make)
        where T : Redoubt.XenApi.Record, IRecord<T>, new() => there.IsNull ? make() : there;

    private static bool Stands(ImmutableSortedDictionary<string, string> config, string label, string of) =>
        config.GetValueOrDefault("dr-test") == label && config.GetValueOrDefault("dr-test-of") == of;

    private static ImmutableSortedDictionary<string, string> Mark(string label, string of) =>
        ImmutableSortedDictionary<string, string>.Empty.Add("dr-test", label).Add("dr-test-of", of);
}
