using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>How VMs come and go, and what can be asked about them.</summary>
internal sealed partial class VmCalls(PoolServices pool, VdiCalls vdis, SuspendImages images)
{
    [Message("VM.create")]
    public Task<Ref<VmRecord>> CreateAsync(CallContext call, VmRecord args)
    {
        VmChecks.RequireSizes(args);
        VmChecks.RequireOrder(args);
        HostPlaces.RequireBootFiles(pool.Roots, args);
        return pool.Database.WriteAsync(tx => Create(tx, NewVm.Of(tx, args)), call.Cancellation);
    }

    [Message("VM.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<VmRecord> self)
    {
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, self, VmOperations.Destroy, v => VmChecks.Require(self, v, VmOperations.Destroy, VmPowerState.Halted, VmPowerState.Suspended));
        var image = pool.State.Get(self).SuspendVdi;
        await pool.Database.WriteAsync(
            tx =>
            {
                // Snapshots outlive the VM they were taken of, as in xapi; they can still be made a VM again.
                foreach (var snapshot in tx.Get(self).Snapshots)
                {
                    tx.Update(snapshot, s => s with { SnapshotOf = default });
                }

                SuspendImages.GiveUp(tx, self);
                VmRows.Delete(tx, self);
            },
            call.Cancellation);
        await images.RemoveAsync(image);
    }

    [Message("VM.clone")]
    public async Task<Ref<VmRecord>> CloneAsync(CallContext call, Ref<VmRecord> vm, string newName)
    {
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, vm, VmOperations.Clone, v => VmChecks.Require(vm, v, VmOperations.Clone, VmPowerState.Halted));
        var copies = new Dictionary<Ref<VdiRecord>, Ref<VdiRecord>>();
        try
        {
            var disks = pool.State.Get(vm).Vbds.Select(pool.State.Get).Where(b => b.Type == VbdType.Disk && !b.Vdi.IsNull).Select(b => b.Vdi).Distinct().ToList();
            foreach (var (done, disk) in disks.Index())
            {
                copies[disk] = await vdis.CopyAsync(call, disk, isWhole: false);
                await call.Task.ReportAsync((done + 1.0) / (disks.Count + 1));
            }

            return await pool.Database.WriteAsync(tx => Clone(tx, tx.Get(vm), newName, copies), call.Cancellation);
        }
        catch
        {
            // The caller may have cancelled, and its copies must go all the same.
            var tidying = new CallContext(call.Session, call.State, call.Task, CancellationToken.None);
            foreach (var copy in copies.Values)
            {
                await Undoing.TryAsync(
                    pool, Cls.Vdi, pool.State.Find(copy)?.Uuid ?? "", "A copy that a clone of a VM had made before it failed is still there: remove it (vdi-destroy).",
                    () => vdis.DestroyAsync(tidying, copy));
            }

            throw;
        }
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

    [Message("VM.get_console_log")]
    public async Task<string> GetConsoleLogAsync(CallContext call, Ref<VmRecord> self, long offset)
    {
        VmChecks.AtLeast(0, "offset", offset);
        return await ConsoleLog.ReadAsync(PathsOf(call.State.Get(self)).ConsoleLog, offset, call.Cancellation);
    }

    [Message("VM.get_console_log_begin")]
    public long GetConsoleLogBegin(CallContext call, Ref<VmRecord> self) => ConsoleLog.Begin(PathsOf(call.State.Get(self)).ConsoleLog);

    private GuestPaths PathsOf(VmRecord vm) => pool.Hosts.Of(vm).PathsOf(VmRows.Uuid(vm));

    private static Ref<VmRecord> Create(Transaction tx, VmRecord vm)
    {
        var metrics = tx.Create(new VmMetricsRecord { VcpusNumber = vm.VcpusAtStartup });
        var reference = tx.Create(vm with { Metrics = metrics });
        VmRows.Update(tx, reference, v => v);
        VmRows.RefreshAppliance(tx, vm.Appliance);
        return reference;
    }

    private static Ref<VmRecord> Clone(Transaction tx, VmRecord source, string name, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> copies)
    {
        var made = Create(tx, NewVm.CloneOf(tx, source, name));
        foreach (var vbd in source.Vbds.Select(tx.Get))
        {
            if (vbd.Type == VbdType.Disk && !vbd.Vdi.IsNull && !copies.ContainsKey(vbd.Vdi))
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", "The VM's disks were changed while it was being cloned. Clone it again.");
            }

            tx.Create(vbd with
            {
                Uuid = "",
                Raw = null,
                Vm = made,
                Vdi = copies.GetValueOrDefault(vbd.Vdi, vbd.Vdi),
                CurrentlyAttached = false,
                Metrics = default,
                CurrentOperations = ImmutableSortedDictionary<string, VbdOperations>.Empty,
                RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
            });
        }

        foreach (var vif in source.Vifs.Select(tx.Get))
        {
            tx.Create(vif with
            {
                Uuid = "",
                Raw = null,
                Vm = made,
                Mac = MacAddress.New(tx),
                MacAutogenerated = true,
                CurrentlyAttached = false,
                Metrics = default,
                CurrentOperations = ImmutableSortedDictionary<string, VifOperations>.Empty,
                RuntimeProperties = ImmutableSortedDictionary<string, string>.Empty,
            });
        }

        VirtualTpms.Copy(tx, made, tx.State, source, isSame: false);
        foreach (var copy in copies.Values.Select(tx.Get))
        {
            DisksInMaking.End(tx, copy.Sr, SrRows.Uuid(copy));
        }

        return made;
    }
}
