using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>How VMs come and go, and what can be asked about them.</summary>
internal sealed partial class VmCalls(PoolServices pool, SuspendImages images)
{
    [Message("VM.create")]
    public Task<Ref<VmRecord>> CreateAsync(CallContext call, VmRecord args)
    {
        VmChecks.RequireSizes(args);
        VmChecks.RequireOrder(args);
        HostPlaces.RequireBootFiles(pool.Roots, args);
        return pool.Database.WriteAsync(tx => NewVm.Create(tx, NewVm.Of(tx, args)), call.Cancellation);
    }

    [Message("VM.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<VmRecord> self)
    {
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, self, VmOperations.Destroy,
            v => VmChecks.Require(self, v, VmOperations.Destroy, VmPowerState.Halted, VmPowerState.Suspended));
        var image = pool.State.Get(self).SuspendVdi;
        await pool.Database.WriteAsync(
            tx =>
            {
                SuspendImages.GiveUp(tx, self);
                VmRows.Destroy(tx, self);
            },
            call.Cancellation);
        await images.RemoveAsync(image);
    }

    [Message("VM.assert_operation_valid")]
    public static void AssertOperationValid(CallContext call, Ref<VmRecord> self, VmOperations op)
    {
        var vm = call.State.Get(self);
        foreach (var (task, current) in vm.CurrentOperations)
        {
            throw new XenApiException("OTHER_OPERATION_IN_PROGRESS", "VM", self.Opaque, VmOperationsType.Instance.Encode(current), task);
        }

        if (!AllowedOperations.Of(vm).Contains(op))
        {
            VmChecks.Require(self, vm, op, [.. AllowedOperations.StatesFor(op)]);
            throw new XenApiException("OPERATION_NOT_ALLOWED", $"{VmOperationsType.Instance.Encode(op)} is not possible with this VM.");
        }
    }

    [Message("VM.update_allowed_operations")]
    public Task UpdateAllowedOperationsAsync(CallContext call, Ref<VmRecord> self) =>
        pool.Database.WriteAsync(tx => VmRows.Update(tx, self, v => v), call.Cancellation);

    [Message("VM.get_allowed_VBD_devices")]
    public static ImmutableList<string> GetAllowedVbdDevices(CallContext call, Ref<VmRecord> vm) =>
        [.. DeviceNumber.Free(call.State.Get(vm).Vbds.Select(b => call.State.Get(b).Userdevice), DeviceNumber.Drives).Select(n => $"{n}")];

    [Message("VM.get_allowed_VIF_devices")]
    public static ImmutableList<string> GetAllowedVifDevices(CallContext call, Ref<VmRecord> vm) =>
        [.. DeviceNumber.Free(call.State.Get(vm).Vifs.Select(v => call.State.Get(v).Device), DeviceNumber.Interfaces).Select(n => $"{n}")];

    /// <summary>As in xapi, what it would be booted by is its record.</summary>
    [Message("VM.get_boot_record")]
    public static VmRecord GetBootRecord(CallContext call, Ref<VmRecord> self) => call.State.Get(self);

    /// <summary>As in xapi, every guest is taken to give memory back when it is asked to.</summary>
    [Message("VM.get_cooperative")]
    public static bool GetCooperative(CallContext call, Ref<VmRecord> self)
    {
        call.State.Get(self);
        return true;
    }

    [Message("VM.get_console_log")]
    public async Task<string> GetConsoleLogAsync(CallContext call, Ref<VmRecord> self, long offset)
    {
        VmChecks.AtLeast(0, "offset", offset);
        var vm = call.State.Get(self);
        return await pool.Hosts.Of(vm).Acts.ReadConsoleLogAsync(VmRows.Uuid(vm), offset, call.Cancellation);
    }

    [Message("VM.get_console_log_begin")]
    public Task<long> GetConsoleLogBeginAsync(CallContext call, Ref<VmRecord> self)
    {
        var vm = call.State.Get(self);
        return pool.Hosts.Of(vm).Acts.FindConsoleLogBeginAsync(VmRows.Uuid(vm), call.Cancellation);
    }
}
