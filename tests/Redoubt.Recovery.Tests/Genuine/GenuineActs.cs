using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Recovery.Tests.Genuine;

/// <summary>What the messages of a genuine pool do to its rows. Who calls holds the pool's lock.</summary>
internal sealed class GenuineActs(GenuineXapi pool)
{
    private const int MostLogs = 8;

    private readonly GenuineImport _import = new(pool);

    private FakeDatabase Rows => pool.Database;

    /// <returns>The answer, and how long the server sleeps before it gives it.</returns>
    public (WireValue Answer, TimeSpan Sleep) Do(string name, FakeCall call)
    {
        if (DataModel.FindMessage(name) is { Message: { Implicit: ImplicitKind.SetField or ImplicitKind.AddTo or ImplicitKind.RemoveFrom } message } found)
        {
            return (Change(found.Class, message, call), TimeSpan.Zero);
        }

        return name switch
        {
            "VM.start" => (Nothing(() => Start(call.Ref<VmRecord>(0), call.Bool(1))), TimeSpan.FromSeconds(Rows.Get(call.Ref<VmRecord>(0)).StartDelay)),
            _ => (Do(name, call, Rows), TimeSpan.Zero),
        };
    }

    private WireValue Do(string name, FakeCall call, FakeDatabase rows)
    {
        switch (name)
        {
            case "session.logout": pool.Close(call.Session); break;
            case "task.destroy": rows.Remove(call.Text(0)); break;
            case "task.cancel" or "pool.sync_database" or "SR.scan": break;
            case "host.get_servertime": return new WireString(XenTypes.DateTime.Encode(TimeProvider.System.GetUtcNow()));
            case "host.compute_free_memory": return new WireInt(32L << 30);
            case "VDI.open_database": return OpenDatabase(call.Ref<VdiRecord>(0));
            case "VM.assert_can_be_recovered": _import.RequireSrs(Foreign(call), [call.Ref<VmRecord>(0)]); break;
            case "VM_appliance.assert_can_be_recovered":
                _import.RequireSrs(Foreign(call), [.. Foreign(call).Get(call.Ref<VmApplianceRecord>(0)).Vms]);
                break;
            case "VM.recover":
                var vm = Foreign(call).Get(call.Ref<VmRecord>(0));
                if (Foreign(call).Has(vm.Appliance.Opaque))
                {
                    throw new XenApiException("VM_IS_PART_OF_AN_APPLIANCE", call.Text(0), vm.Appliance.Opaque);
                }

                RequireOperator(call, name);
                _import.Recover(Foreign(call), [call.Ref<VmRecord>(0)], call.Bool(2));
                break;
            case "VM_appliance.recover":
                RequireOperator(call, name);
                _import.RecoverAppliance(Foreign(call), call.Ref<VmApplianceRecord>(0), call.Bool(2));
                break;
            case "VM.resume": Power(call.Ref<VmRecord>(0), VmOperations.Resume, VmPowerState.Running, VmPowerState.Suspended); break;
            case "VM.unpause": Power(call.Ref<VmRecord>(0), VmOperations.Unpause, VmPowerState.Running, VmPowerState.Paused); break;
            case "VM.clean_shutdown":
                Require(call.Ref<VmRecord>(0), VmPowerState.Running);
                throw new XenApiException("VM_LACKS_FEATURE", call.Text(0));
            case "VM.hard_shutdown": ShutDown(call.Ref<VmRecord>(0)); break;
            case "VM.power_state_reset": Reset(call.Ref<VmRecord>(0)); break;
            case "VM.destroy":
                Require(call.Ref<VmRecord>(0), VmPowerState.Halted, VmPowerState.Suspended);
                _import.RemoveVm(call.Ref<VmRecord>(0));
                break;
            case "VM_appliance.destroy": rows.Remove(call.Text(0)); break;
            case "VIF.move": rows.Set(call.Ref<VifRecord>(0), v => v with { Network = call.Ref<NetworkRecord>(1) }); break;
            case "network.create":
                return new WireString(
                    _import.CreateNetwork((NetworkRecord)NetworkRecord.Declaration.FromWire(call.Arguments[0])).Opaque);
            case "network.destroy":
                if (rows.Get(call.Ref<NetworkRecord>(0)).Vifs is [var vif, ..])
                {
                    throw new XenApiException("NETWORK_CONTAINS_VIF", vif.Opaque);
                }

                rows.Remove(call.Text(0));
                break;
            case "SR.probe": return Probe(call.Map(1), call.Text(2));
            case "SR.enable_database_replication": Protect(call.Ref<SrRecord>(0)); break;
            case "SR.disable_database_replication": Unprotect(call.Ref<SrRecord>(0)); break;
            case "SR.forget": Forget(call.Ref<SrRecord>(0)); break;
            case "PBD.plug": rows.Set(call.Ref<PbdRecord>(0), p => p with { CurrentlyAttached = true }); break;
            case "PBD.unplug": Unplug(call.Ref<PbdRecord>(0)); break;
            case "PBD.destroy":
                rows.Get(call.Ref<PbdRecord>(0));
                rows.Remove(call.Text(0));
                break;
            case "DR_task.create": return Attach(call.Text(0), call.Map(1), call.Set(2));
            case "DR_task.destroy": LetGo(call.Ref<DrTaskRecord>(0)); break;
            default: throw new XenApiException("NOT_IMPLEMENTED", name);
        }

        return new WireString("");
    }

    private static WireString Nothing(Action act)
    {
        act();
        return new WireString("");
    }

    private FakeDatabase Foreign(FakeCall call) => pool.DatabaseOf(call.Session) is var foreign && foreign != Rows
        ? foreign
        : throw new XenApiException("INTERNAL_ERROR", "recovery takes a session on a foreign database");

    private void RequireOperator(FakeCall call, string name)
    {
        if (pool.RoleOf(call.Text(1)) < Role.PoolOperator)
        {
            throw new XenApiException(
                "RBAC_PERMISSION_DENIED", name, "The supplied session does not have the required permissions for VM recovery.");
        }
    }

    private WireString Change(ClassModel model, MessageModel message, FakeCall call)
    {
        var row = Rows.Get(model, call.Text(0));
        var value = new Dictionary<string, WireValue>();
        if (message.Implicit == ImplicitKind.SetField)
        {
            Rows.Put(call.Text(0), message.Field!.With(row, message.Field.Type.ReadObject(call.Arguments[1])));
            return new WireString("");
        }

        var body = new MemoryStream();
        JsonRpc.WriteResult(body, RpcForm.JsonRpc2, new WireInt(1), w => message.Field!.Write(w, row));
        foreach (var (key, held) in ((WireStruct)JsonRpc.ReadResponse(body.ToArray()).Unwrap()).Members)
        {
            value.Add(key, held);
        }

        if (message.Implicit == ImplicitKind.RemoveFrom)
        {
            value.Remove(call.Text(1));
        }
        else if (!value.TryAdd(call.Text(1), call.Arguments[2]))
        {
            throw new XenApiException("MAP_DUPLICATE_KEY", model.Name, message.Field!.Name, call.Text(0), call.Text(1));
        }

        Rows.Put(call.Text(0), message.Field!.With(row, message.Field.Type.ReadObject(new WireStruct([.. value]))));
        return new WireString("");
    }

    private WireString OpenDatabase(Ref<VdiRecord> vdi)
    {
        var volume = Rows.Get(vdi);
        if (volume.Type != VdiType.Metadata)
        {
            throw new XenApiException("VDI_INCOMPATIBLE_TYPE", vdi.Opaque, $"{volume.Type}".ToLowerInvariant());
        }

        var lun = pool.Array.Luns[Rows.Get(volume.Sr).Uuid];
        return lun.Metadata.TryGetValue(volume.Uuid, out var database)
            ? new WireString(pool.OpenForeign(database()))
            : throw new XenApiException("COULD_NOT_IMPORT_DATABASE", "Database does not match local schema.");
    }

    private void Start(Ref<VmRecord> vm, bool paused)
    {
        Power(vm, VmOperations.Start, paused ? VmPowerState.Paused : VmPowerState.Running, VmPowerState.Halted);
    }

    private void Power(Ref<VmRecord> vm, VmOperations operation, VmPowerState to, VmPowerState from)
    {
        var record = Rows.Get(vm);
        if (record.BlockedOperations.TryGetValue(operation, out var reason))
        {
            throw new XenApiException("OPERATION_BLOCKED", vm.Opaque, reason);
        }

        Require(vm, from);
        var now = TimeProvider.System.GetUtcNow();
        var second = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
        Rows.Set(vm, v => v with { PowerState = to, Metrics = Rows.Add(new VmMetricsRecord { StartTime = second }) });
        Attached(record, true);
        pool.Started[record.NameLabel] = now;
        pool.Array.Started(pool, Rows.Get(vm));
    }

    private void ShutDown(Ref<VmRecord> vm)
    {
        Require(vm, VmPowerState.Running, VmPowerState.Paused, VmPowerState.Suspended);
        Reset(vm);
    }

    // Marks all devices as disconnected, whatever the VM was.
    private void Reset(Ref<VmRecord> vm)
    {
        Attached(Rows.Get(vm), false);
        Rows.Set(vm, v => v with { PowerState = VmPowerState.Halted, SuspendVdi = default });
    }

    private void Attached(VmRecord record, bool isAttached)
    {
        foreach (var vbd in record.Vbds)
        {
            Rows.Set(vbd, b => b with { CurrentlyAttached = isAttached });
        }

        foreach (var vif in record.Vifs)
        {
            Rows.Set(vif, v => v with { CurrentlyAttached = isAttached });
        }
    }

    private void Require(Ref<VmRecord> vm, params VmPowerState[] states)
    {
        var state = Rows.Get(vm).PowerState;
        if (!states.Contains(state))
        {
            throw new XenApiException("VM_BAD_POWER_STATE", vm.Opaque, $"{states[0]}".ToLowerInvariant(), $"{state}".ToLowerInvariant());
        }
    }

    private WireString Probe(IReadOnlyDictionary<string, string> deviceConfig, string type)
    {
        var found = pool.Array.Luns.Where(l => l.Value.Type == type && Same(deviceConfig, l.Key)).Select(l =>
            $"<SR><UUID>{l.Key}</UUID><name_label>{l.Value.Name}</name_label><name_description></name_description><pool_metadata_detected>{(l.Value.Metadata.Count > 0 ? "true" : "false")}</pool_metadata_detected></SR>");
        return new($"<?xml version=\"1.0\" ?><SRlist>{string.Concat(found)}</SRlist>");
    }

    private WireString Attach(string type, IReadOnlyDictionary<string, string> deviceConfig, IReadOnlyList<string> whitelist)
    {
        if (!TakesMetadata(type))
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"Disaster recovery not supported on SRs of type {type}");
        }

        var task = Rows.Add(new DrTaskRecord(), pool.NewUuid("d7"));
        foreach (var uuid in pool.Array.Luns.Keys.Where(u => Same(deviceConfig, u) && whitelist.Contains(u) && Rows.Find<SrRecord>(u).IsNull).ToList())
        {
            pool.Array.Attach(pool, uuid, task);
        }

        return new(task.Opaque);
    }

    private void LetGo(Ref<DrTaskRecord> task)
    {
        foreach (var sr in Rows.Get(task).IntroducedSrs)
        {
            foreach (var pbd in Rows.Get(sr).Pbds)
            {
                Unplug(pbd);
                Rows.Remove(pbd.Opaque);
            }

            Forget(sr);
        }

        Rows.Remove(task.Opaque);
    }

    private void Unplug(Ref<PbdRecord> pbd)
    {
        foreach (var vdi in Rows.Get(Rows.Get(pbd).Sr).Vdis)
        {
            if (Rows.Get(vdi).Vbds.Any(b => Rows.Get(b).CurrentlyAttached) && Rows.Get(vdi).Type != VdiType.Metadata)
            {
                throw new XenApiException("VDI_IN_USE", vdi.Opaque, "PBD.unplug");
            }
        }

        Rows.Set(pbd, p => p with { CurrentlyAttached = false });
    }

    private void Forget(Ref<SrRecord> sr)
    {
        var record = Rows.Get(sr);
        if (record.Pbds.Count > 0)
        {
            throw new XenApiException("SR_HAS_PBD", sr.Opaque);
        }

        foreach (var part in record.Vdis.Select(v => v.Opaque).Append(sr.Opaque).ToList())
        {
            Rows.Remove(part);
        }
    }

    private void Protect(Ref<SrRecord> sr)
    {
        var record = Rows.Get(sr);
        if (!TakesMetadata(record.Type))
        {
            throw new XenApiException("SR_OPERATION_NOT_SUPPORTED", sr.Opaque);
        }

        if (record.Pbds.Count == 0 || record.Pbds.Any(p => !Rows.Get(p).CurrentlyAttached))
        {
            throw new XenApiException("SR_HAS_NO_PBDS", sr.Opaque);
        }

        var own = Rows.All<VdiRecord>().Where(v => v.Record.MetadataOfPool == pool.Pool).ToList();
        if (own.Count >= MostLogs)
        {
            throw new XenApiException("NO_MORE_REDO_LOGS_ALLOWED");
        }

        if (own.TrueForAll(v => v.Record.Sr != sr))
        {
            var volume = pool.NewUuid("0d");
            pool.Array.Luns[record.Uuid].Metadata[volume] = Rows.Snapshot;
            Rows.Add(
                new VdiRecord
                {
                    NameLabel = "Metadata for DR",
                    NameDescription = "Used for disaster recovery",
                    Sr = sr,
                    Location = volume,
                    VirtualSize = 3_988_783_104,
                    Type = VdiType.Metadata,
                    MetadataOfPool = pool.Pool,
                    MetadataLatest = true,
                },
                volume);
        }
    }

    private void Unprotect(Ref<SrRecord> sr)
    {
        foreach (var vdi in Rows.Get(sr).Vdis.Where(v => Rows.Get(v).MetadataOfPool == pool.Pool).ToList())
        {
            pool.Array.Luns[Rows.Get(sr).Uuid].Metadata.Remove(Rows.Get(vdi).Uuid);
            Rows.Remove(vdi.Opaque);
        }
    }

    private bool TakesMetadata(string type) =>
        Rows.All<SmRecord>().Any(s => s.Record.Type == type && s.Record.Features.ContainsKey("SR_METADATA"));

    private static bool Same(IReadOnlyDictionary<string, string> deviceConfig, string sr) =>
        GenuineArray.DeviceConfig(sr).All(d => deviceConfig.GetValueOrDefault(d.Key) == d.Value);
}
