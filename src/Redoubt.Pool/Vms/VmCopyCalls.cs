using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// How VMs are made of other VMs and of templates: with copies of their disks, and with the disks that a template asks for.
/// <code>
/// 1 noted in current_operations
/// 2 disks made, each noted as being made    a daemon that dies removes them when it starts again
/// 3 the VM, its drives, and the notes gone  in one transaction
/// </code>
/// </summary>
internal sealed partial class VmCopyCalls(PoolServices pool, VdiCalls vdis)
{
    private const string LeftCopy =
        "A disk that was made for a copy of a VM, or for a new VM, before that failed is still there: remove it (vdi-destroy).";

    private readonly CopiedDisks _copied = new(pool, vdis);

    /// <summary>Of a checkpoint its disks: what is in its memory knows itself by the original's UUID.</summary>
    [Message("VM.clone")]
    public Task<Ref<VmRecord>> CloneAsync(CallContext call, Ref<VmRecord> vm, string newName) =>
        CopyAsync(call, vm, newName, VmOperations.Clone, default);

    /// <summary>As a clone, since that shares nothing with its original here; but onto the SR that is named, if one is.</summary>
    [Message("VM.copy")]
    public Task<Ref<VmRecord>> CopyAsync(CallContext call, Ref<VmRecord> vm, string newName, Ref<SrRecord> sr)
    {
        if (!sr.IsNull)
        {
            pool.State.Get(sr);
        }

        return CopyAsync(call, vm, newName, VmOperations.Copy, sr);
    }

    [Message("VM.provision")]
    public async Task ProvisionAsync(CallContext call, Ref<VmRecord> vm)
    {
        await using var operation = await Operations.BeginAsync(
            pool.Database, call, vm, VmOperations.Provision, v => VmChecks.Require(vm, v, VmOperations.Provision, VmPowerState.Halted));
        var record = pool.State.Get(vm);
        var asked = ProvisionedDisk.Of(record);
        var srs = asked.Select(d => SrFor(pool.State, d)).ToList();
        var made = new List<Ref<VdiRecord>>();
        try
        {
            foreach (var (done, disk) in asked.Index())
            {
                made.Add(await vdis.CreateAsync(call, Disk(record, disk, srs[done]), isWhole: false));
                await call.Task.ReportAsync((done + 1.0) / (asked.Count + 1));
            }

            await pool.Database.WriteAsync(tx => Provision(tx, vm, asked, made), call.Cancellation);
        }
        catch
        {
            await _copied.RemoveAsync(made, LeftCopy);
            throw;
        }
    }

    private async Task<Ref<VmRecord>> CopyAsync(
        CallContext call, Ref<VmRecord> vm, string newName, VmOperations operation, Ref<SrRecord> sr)
    {
        await using var noted = await Operations.BeginAsync(
            pool.Database, call, vm, operation, v => VmChecks.Require(
                vm, v, operation, v.IsASnapshot ? [VmPowerState.Halted, VmPowerState.Suspended] : [VmPowerState.Halted]));
        var copies = new Dictionary<Ref<VdiRecord>, Ref<VdiRecord>>();
        try
        {
            await _copied.CopyAsync(call, CopiedDevices.Disks(pool.State, pool.State.Get(vm)), sr, copies);
            return await pool.Database.WriteAsync(tx => Copy(tx, tx.Get(vm), newName, copies), call.Cancellation);
        }
        catch
        {
            await _copied.RemoveAsync(copies.Values, LeftCopy);
            throw;
        }
    }

    private Ref<SrRecord> SrFor(DatabaseState state, ProvisionedDisk disk)
    {
        if (disk.Sr.Length == 0)
        {
            var chosen = state.Get(pool.Pool).DefaultSr;
            return state.Find(chosen) is not null ? chosen : throw new XenApiException("DEFAULT_SR_NOT_FOUND", chosen.Opaque);
        }

        var sr = state.FindByUuid<SrRecord>(disk.Sr);
        return sr.IsNull ? throw new XenApiException("UUID_INVALID", "SR", disk.Sr) : sr;
    }

    private static VdiRecord Disk(VmRecord vm, ProvisionedDisk disk, Ref<SrRecord> sr) => new()
    {
        NameLabel = $"{vm.NameLabel} {disk.Device}",
        NameDescription = "Created by template provisioner",
        Sr = sr,
        VirtualSize = disk.SizeBytes,
        Type = disk.Type,
    };

    private static void Provision(Transaction tx, Ref<VmRecord> vm, IReadOnlyList<ProvisionedDisk> asked, List<Ref<VdiRecord>> made)
    {
        if (!ProvisionedDisk.Of(tx.Get(vm)).SequenceEqual(asked))
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED", "What disks the VM asks for was changed while they were being made. Provision it again.");
        }

        foreach (var (disk, vdi) in asked.Zip(made))
        {
            tx.Create(new VbdRecord
            {
                Vm = vm,
                Vdi = vdi,
                Userdevice = DeviceNumber.Choose(disk.Device, tx.Get(vm).Vbds.Select(b => tx.Get(b).Userdevice), DeviceNumber.Drives),
                Bootable = disk.IsBootable,
                Mode = VbdMode.Rw,
                Type = VbdType.Disk,
                Unpluggable = true,
            });
        }

        // What it asked for it has: provisioned once more, it gets no more of it.
        VmRows.Update(tx, vm, v => v with { IsATemplate = false, OtherConfig = v.OtherConfig.Remove(ProvisionedDisk.Key) });
        CopiedDevices.EndMaking(tx, made);
    }

    private static Ref<VmRecord> Copy(Transaction tx, VmRecord source, string name, Dictionary<Ref<VdiRecord>, Ref<VdiRecord>> copies)
    {
        if (!CopiedDevices.Disks(tx.State, source).All(copies.ContainsKey))
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "The VM's disks were changed while it was being copied. Copy it again.");
        }

        var made = NewVm.Create(tx, NewVm.CloneOf(tx, source, name));
        CopiedDevices.CopyDrives(tx, source, made, copies);
        CopiedDevices.CopyInterfaces(tx, source, made, keepsAddresses: false);
        VirtualTpms.Copy(tx, made, tx.State, source, isSame: false);
        CopiedDevices.EndMaking(tx, copies.Values);
        return made;
    }
}
