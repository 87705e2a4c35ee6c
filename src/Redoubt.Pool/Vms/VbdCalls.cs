using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What drives of VMs do. They are plugged when their VM starts, and disks also while it runs.</summary>
internal sealed partial class VbdCalls(PoolServices pool, HotPlug hotPlug)
{
    [Message("VBD.create")]
    public Task<Ref<VbdRecord>> CreateAsync(CallContext call, VbdRecord args) => pool.Database.WriteAsync(
        tx =>
        {
            var vm = tx.Get(args.Vm);
            VmRows.RequireChangeable(args.Vm, vm);
            RequireKind(args);
            FieldEffects.RequireNew(VbdRecord.Declaration, args, "qos_algorithm_type", "qos_algorithm_params");
            if (!args.Empty)
            {
                RequireDisk(args.Mode, args.Vdi, tx.Get(args.Vdi));
            }

            return DeviceRows.Create(tx, args with
            {
                Uuid = "",
                Userdevice = DeviceNumber.Choose(args.Userdevice, vm.Vbds.Select(b => tx.Get(b).Userdevice), DeviceNumber.Drives),
                Device = "",
                Vdi = args.Empty ? default : args.Vdi,
                CurrentlyAttached = false,
                AllowedOperations = [],
                CurrentOperations = ImmutableSortedDictionary<string, VbdOperations>.Empty,
                RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
                Metrics = default,
            });
        },
        call.Cancellation);

    [Message("VBD.destroy")]
    public Task DestroyAsync(CallContext call, Ref<VbdRecord> self) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            RequireDetached(tx, self, vbd);
            tx.Delete(self);
        },
        call.Cancellation);

    [Message("VBD.set_userdevice")]
    public Task SetUserdeviceAsync(CallContext call, Ref<VbdRecord> self, string value) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            RequireDetached(tx, self, vbd);
            var others = tx.Get(vbd.Vm).Vbds.Where(b => b != self).Select(b => tx.Get(b).Userdevice);
            var chosen = DeviceNumber.Choose(value, others, DeviceNumber.Drives);
            tx.Update(self, b => b with { Userdevice = chosen });
        },
        call.Cancellation);

    [Message("VBD.plug")]
    public async Task PlugAsync(CallContext call, Ref<VbdRecord> self)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, self, VbdOperations.Plug, (tx, vbd) =>
        {
            VmChecks.RequireState(vbd.Vm, tx.Get(vbd.Vm), VmPowerState.Running, VmPowerState.Paused);
            if (vbd.CurrentlyAttached)
            {
                throw new XenApiException("DEVICE_ALREADY_ATTACHED", self.Opaque);
            }

            RequirePluggable(vbd);
            VmDisks.RequireFree(tx.State, vbd, "VBD.plug");
        });
        await hotPlug.GiveAsync(call, self, pool.State.Get(self));
    }

    [Message("VBD.unplug")]
    public async Task UnplugAsync(CallContext call, Ref<VbdRecord> self)
    {
        await using var noted = await Operations.BeginAsync(
            pool.Database, call, self, VbdOperations.Unplug, (tx, vbd) => RequireUnpluggable(tx, self, vbd));
        await hotPlug.TakeAsync(call, self);
    }

    /// <summary>As <c>unplug</c>: no hypervisor takes a device off a guest's bus that the guest holds on to.</summary>
    [Message("VBD.unplug_force")]
    public async Task UnplugForceAsync(CallContext call, Ref<VbdRecord> self)
    {
        await using var noted = await Operations.BeginAsync(
            pool.Database, call, self, VbdOperations.UnplugForce, (tx, vbd) => RequireUnpluggable(tx, self, vbd));
        await hotPlug.TakeAsync(call, self);
    }

    [Message("VBD.insert")]
    public async Task InsertAsync(CallContext call, Ref<VbdRecord> vbd, Ref<VdiRecord> vdi)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, vbd, VbdOperations.Insert, (tx, drive) =>
        {
            RequireRemovable(tx, vbd, drive);
            if (!drive.Empty)
            {
                throw new XenApiException("VBD_NOT_EMPTY", vbd.Opaque);
            }

            RequireDisk(drive.Mode, vdi, tx.Get(vdi));
        });
        var now = pool.State.Get(vbd) with { Vdi = vdi, Empty = false };
        if (now.CurrentlyAttached)
        {
            await hotPlug.GiveAsync(call, vbd, now);
            return;
        }

        await pool.Database.WriteAsync(tx => DeviceRows.Update(tx, vbd, b => b with { Vdi = vdi, Empty = false }), call.Cancellation);
    }

    [Message("VBD.eject")]
    public async Task EjectAsync(CallContext call, Ref<VbdRecord> vbd)
    {
        await using var noted = await Operations.BeginAsync(pool.Database, call, vbd, VbdOperations.Eject, (tx, drive) =>
        {
            RequireRemovable(tx, vbd, drive);
            if (drive.Empty)
            {
                throw new XenApiException("VBD_IS_EMPTY", vbd.Opaque);
            }
        });
        if (pool.State.Get(vbd).CurrentlyAttached)
        {
            await hotPlug.TakeAsync(call, vbd);
            return;
        }

        await pool.Database.WriteAsync(tx => DeviceRows.Update(tx, vbd, b => b with { Vdi = default, Empty = true }), call.Cancellation);
    }

    [Message("VBD.assert_attachable")]
    public void AssertAttachable(CallContext call, Ref<VbdRecord> self)
    {
        var vbd = pool.State.Get(self);
        if (vbd.CurrentlyAttached)
        {
            throw new XenApiException("DEVICE_ALREADY_ATTACHED", self.Opaque);
        }

        if (!vbd.Empty)
        {
            VmDisks.RequireFree(pool.State, vbd, "VBD.plug");
        }
    }

    [Message("VBD.set_mode")]
    public Task SetModeAsync(CallContext call, Ref<VbdRecord> self, VbdMode value) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            RequireDetached(tx, self, vbd);
            RequireKind(vbd with { Mode = value });
            DeviceRows.Update(tx, self, b => b with { Mode = value });
        },
        call.Cancellation);

    [Message("VBD.set_unpluggable")]
    public Task SetUnpluggableAsync(CallContext call, Ref<VbdRecord> self, bool value) => pool.Database.WriteAsync(
        tx => DeviceRows.Update(tx, self, b => b with { Unpluggable = value }), call.Cancellation);

    [Message("VBD.set_type")]
    public Task SetTypeAsync(CallContext call, Ref<VbdRecord> self, VbdType value) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            if (vbd.Type != value)
            {
                RequireDetached(tx, self, vbd);
                RequireKind(vbd with { Type = value });
                DeviceRows.Update(tx, self, b => b with { Type = value });
            }
        },
        call.Cancellation);

    private static void RequireKind(VbdRecord vbd)
    {
        switch (vbd)
        {
            case { Type: not (VbdType.Disk or VbdType.Cd) }:
                throw new XenApiException(
                    "VALUE_NOT_SUPPORTED", "type", VbdTypeType.Instance.Encode(vbd.Type), "A VM may have disks and CD drives only.");
            case { Mode: VbdMode.Unrecognized }:
                throw new XenApiException("INVALID_VALUE", "mode", "");
            case { Type: VbdType.Cd, Mode: VbdMode.Rw }:
                throw new XenApiException("VBD_CDS_MUST_BE_READONLY");
            case { Type: VbdType.Disk, Empty: true }:
                throw new XenApiException("INVALID_VALUE", "empty", "true");
            default:
                break;
        }
    }

    private static void RequireDisk(VbdMode mode, Ref<VdiRecord> reference, VdiRecord vdi)
    {
        VdiRows.RequireNoMetadata(reference, vdi);
        if (mode == VbdMode.Rw && vdi.ReadOnly)
        {
            throw new XenApiException("VDI_READONLY", reference.Opaque);
        }
    }

    private static void RequireDetached(Transaction tx, Ref<VbdRecord> reference, VbdRecord vbd)
    {
        // One that is being plugged is not marked yet, and the guest is given it as it was when that began.
        DeviceRows.RequireIdle(reference, vbd);
        if (tx.Find(vbd.Vm) is { } vm)
        {
            VmRows.RequireChangeable(vbd.Vm, vm);
        }

        if (vbd.CurrentlyAttached)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"VBD '{vbd.Uuid}' still attached to '{tx.Find(vbd.Vm)?.Uuid}'");
        }
    }

    private static void RequireRemovable(Transaction tx, Ref<VbdRecord> reference, VbdRecord vbd)
    {
        if (vbd.Type != VbdType.Cd)
        {
            throw new XenApiException("VBD_NOT_REMOVABLE_MEDIA", reference.Opaque);
        }

        VmChecks.RequireState(vbd.Vm, tx.Get(vbd.Vm), VmPowerState.Halted, VmPowerState.Running, VmPowerState.Paused);
    }

    private static void RequireUnpluggable(Transaction tx, Ref<VbdRecord> reference, VbdRecord vbd)
    {
        VmChecks.RequireState(vbd.Vm, tx.Get(vbd.Vm), VmPowerState.Running);
        if (!vbd.CurrentlyAttached)
        {
            throw new XenApiException("DEVICE_ALREADY_DETACHED", reference.Opaque);
        }

        if (!vbd.Unpluggable)
        {
            throw new XenApiException("VBD_NOT_UNPLUGGABLE", reference.Opaque);
        }

        RequirePluggable(vbd);
    }

    private static void RequirePluggable(VbdRecord vbd)
    {
        if (vbd.Type == VbdType.Cd)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "A CD drive is on a bus (SATA) on which none comes or goes while the guest runs. Shut the VM down for it; what is in the "
                    + "drive can be changed at any time (vbd-insert, vbd-eject).");
        }
    }
}
