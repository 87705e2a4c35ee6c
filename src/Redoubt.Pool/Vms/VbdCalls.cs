using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What drives of VMs do. They are plugged when their VM starts.</summary>
internal sealed partial class VbdCalls(PoolServices pool)
{
    [Message("VBD.create")]
    public Task<Ref<VbdRecord>> CreateAsync(CallContext call, VbdRecord args) => pool.Database.WriteAsync(
        tx =>
        {
            var vm = tx.Get(args.Vm);
            VmRows.RequireIdle(args.Vm, vm);
            RequireKind(args);
            FieldEffects.RequireNew(VbdRecord.Declaration, args, "qos_algorithm_type", "qos_algorithm_params");
            if (!args.Empty)
            {
                RequireDisk(args.Mode, args.Vdi, tx.Get(args.Vdi));
            }

            return tx.Create(args with
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
            RequireDetached(tx, vbd);
            tx.Delete(self);
        },
        call.Cancellation);

    [Message("VBD.set_userdevice")]
    public Task SetUserdeviceAsync(CallContext call, Ref<VbdRecord> self, string value) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            RequireDetached(tx, vbd);
            var others = tx.Get(vbd.Vm).Vbds.Where(b => b != self).Select(b => tx.Get(b).Userdevice);
            var chosen = DeviceNumber.Choose(value, others, DeviceNumber.Drives);
            tx.Update(self, b => b with { Userdevice = chosen });
        },
        call.Cancellation);

    [Message("VBD.insert")]
    public Task InsertAsync(CallContext call, Ref<VbdRecord> vbd, Ref<VdiRecord> vdi) => pool.Database.WriteAsync(
        tx =>
        {
            var drive = Removable(tx, vbd);
            if (!drive.Empty)
            {
                throw new XenApiException("VBD_NOT_EMPTY", vbd.Opaque);
            }

            RequireDisk(drive.Mode, vdi, tx.Get(vdi));
            tx.Update(vbd, b => b with { Vdi = vdi, Empty = false });
        },
        call.Cancellation);

    [Message("VBD.eject")]
    public Task EjectAsync(CallContext call, Ref<VbdRecord> vbd) => pool.Database.WriteAsync(
        tx =>
        {
            if (Removable(tx, vbd).Empty)
            {
                throw new XenApiException("VBD_IS_EMPTY", vbd.Opaque);
            }

            tx.Update(vbd, b => b with { Vdi = default, Empty = true });
        },
        call.Cancellation);

    [Message("VBD.set_mode")]
    public Task SetModeAsync(CallContext call, Ref<VbdRecord> self, VbdMode value) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            RequireDetached(tx, vbd);
            RequireKind(vbd with { Mode = value });
            tx.Update(self, b => b with { Mode = value });
        },
        call.Cancellation);

    [Message("VBD.set_type")]
    public Task SetTypeAsync(CallContext call, Ref<VbdRecord> self, VbdType value) => pool.Database.WriteAsync(
        tx =>
        {
            var vbd = tx.Get(self);
            if (vbd.Type != value)
            {
                RequireDetached(tx, vbd);
                RequireKind(vbd with { Type = value });
                tx.Update(self, b => b with { Type = value });
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

    private static void RequireDetached(Transaction tx, VbdRecord vbd)
    {
        if (tx.Find(vbd.Vm) is { } vm)
        {
            VmRows.RequireIdle(vbd.Vm, vm);
        }

        if (vbd.CurrentlyAttached)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"VBD '{vbd.Uuid}' still attached to '{tx.Find(vbd.Vm)?.Uuid}'");
        }
    }

    private static VbdRecord Removable(Transaction tx, Ref<VbdRecord> reference)
    {
        var vbd = tx.Get(reference);
        var vm = tx.Get(vbd.Vm);
        VmRows.RequireIdle(vbd.Vm, vm);
        VmChecks.RequireState(vbd.Vm, vm, VmPowerState.Halted);
        return vbd.Type == VbdType.Cd ? vbd : throw new XenApiException("VBD_NOT_REMOVABLE_MEDIA", reference.Opaque);
    }
}
