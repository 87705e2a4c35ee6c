using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What virtual TPMs do. They are plugged when their VM starts.</summary>
internal sealed partial class VtpmCalls(PoolServices pool)
{
    [Message("VTPM.create")]
    public Task<Ref<VtpmRecord>> CreateAsync(CallContext call, Ref<VmRecord> vM, bool isUnique) => pool.Database.WriteAsync(
        tx =>
        {
            RequireOff(tx, vM);
            return tx.Get(vM).Vtpms is { Count: > 0 and var count }
                ? throw new XenApiException("VTPM_MAX_AMOUNT_REACHED", $"{count}")
                : VirtualTpms.Create(tx, vM, isUnique);
        },
        call.Cancellation);

    [Message("VTPM.destroy")]
    public Task DestroyAsync(CallContext call, Ref<VtpmRecord> self) => pool.Database.WriteAsync(
        tx =>
        {
            var tpm = tx.Get(self);
            if (tx.Find(tpm.Vm) is not null)
            {
                RequireOff(tx, tpm.Vm);
            }

            VirtualTpms.Delete(tx, self);
        },
        call.Cancellation);

    [Message("VTPM.get_contents_state")]
    public static string GetContentsState(CallContext call, Ref<VtpmRecord> self) =>
        VirtualTpms.StateOf(call.State, call.State.Get(self)) switch
        {
            TpmContentsState.None => "none",
            TpmContentsState.Kept => "kept",
            TpmContentsState.Damaged => "damaged",
            TpmContentsState.Sealed => "sealed",
        };

    private static void RequireOff(Transaction tx, Ref<VmRecord> reference)
    {
        var vm = tx.Get(reference);
        VmRows.RequireChangeable(reference, vm);
        if (vm.PowerState != VmPowerState.Halted)
        {
            throw new XenApiException("VM_BAD_POWER_STATE", reference.Opaque, "Halted", VmPowerStateType.Instance.Encode(vm.PowerState));
        }
    }
}
