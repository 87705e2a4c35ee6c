using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Who uses a disk.</summary>
internal static class VdiRows
{
    /// <summary>Checks that no running VM has the disk open, and that no suspended one will go on with it as it is now.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>.</exception>
    public static void RequireChangeable(DatabaseState state, Ref<VdiRecord> vdi, string operation)
    {
        RequireUnused(state, vdi, operation);
        if (IsHeldSuspended(state, vdi, default) || state.All<VmRecord>().Any(v => v.Record.SuspendVdi == vdi && v.Record.PowerState != VmPowerState.Halted))
        {
            throw new XenApiException("VDI_IN_USE", vdi.Opaque, operation);
        }
    }

    /// <summary>Whether a suspended VM, other than <paramref name="but"/>, writes to the disk once it goes on.</summary>
    public static bool IsHeldSuspended(DatabaseState state, Ref<VdiRecord> vdi, Ref<VmRecord> but) => state.Get(vdi).Vbds.Select(state.Find)
        .Any(b => b is { Mode: VbdMode.Rw } && b.Vm != but && state.Find(b.Vm) is { PowerState: VmPowerState.Suspended, IsASnapshot: false });

    /// <summary>Checks that no running VM has the disk open.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>.</exception>
    public static void RequireUnused(DatabaseState state, Ref<VdiRecord> vdi, string operation)
    {
        if (state.Get(vdi).Vbds.Select(state.Find).Any(b => b is { CurrentlyAttached: true }))
        {
            throw new XenApiException("VDI_IN_USE", vdi.Opaque, operation);
        }
    }
}
