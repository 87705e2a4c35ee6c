using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>The disks of a VM that is to be started: whether they are there, and whether another VM has them.</summary>
internal sealed class VmDisks(PoolServices pool)
{
    /// <summary>What a drive may do with its disk.</summary>
    public static SrAccess Access(VbdRecord drive) => drive.Mode == VbdMode.Rw ? SrAccess.ReadWrite : SrAccess.ReadOnly;

    /// <summary>Attaches each of the VM's disks to a host; all of them or none.</summary>
    /// <param name="at">The host.</param>
    /// <param name="reference">The VM.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="ofGuest">Only those that its guest has.</param>
    /// <exception cref="XenApiException">
    /// <c>VM_REQUIRES_SR</c>: an SR is not attached here. <c>VDI_MISSING</c>: a disk has gone. <c>OPERATION_NOT_ALLOWED</c>: the SR is
    /// attached only for looking.
    /// </exception>
    public async Task<Dictionary<Ref<VdiRecord>, VdiAttachment>> AttachAsync(
        HostLink at, Ref<VmRecord> reference, CancellationToken cancellationToken, bool ofGuest = false)
    {
        var state = pool.State;
        var attached = new Dictionary<Ref<VdiRecord>, VdiAttachment>();
        try
        {
            var drives = state.Get(reference).Vbds.Select(state.Get).Where(b => !b.Empty && !b.Vdi.IsNull)
                .Where(b => b.CurrentlyAttached || !ofGuest);
            foreach (var disk in drives.GroupBy(b => b.Vdi))
            {
                var (vdi, access) = (state.Get(disk.Key), disk.Max(Access));
                var sr = Sr(at, state, reference, vdi);
                attached[disk.Key] = await FindAsync(disk.Key, vdi, uuid => sr.AttachVdiAsync(uuid, access, cancellationToken));
            }
        }
        catch
        {
            await GuestDisks.LetGoAsync(attached.Values);
            throw;
        }

        return attached;
    }

    /// <summary>Attaches the disk of one drive to a host.</summary>
    /// <inheritdoc cref="AttachAsync(HostLink, Ref{VmRecord}, CancellationToken, bool)" path="/exception"/>
    public Task<VdiAttachment> AttachAsync(HostLink at, VbdRecord drive, CancellationToken cancellationToken)
    {
        var (state, vdi) = (pool.State, pool.State.Get(drive.Vdi));
        var sr = Sr(at, state, drive.Vm, vdi);
        return FindAsync(drive.Vdi, vdi, uuid => sr.AttachVdiAsync(uuid, Access(drive), cancellationToken));
    }

    /// <summary>Gives the bytes of a disk of a VM that holds its memory.</summary>
    /// <inheritdoc cref="AttachAsync(HostLink, Ref{VmRecord}, CancellationToken, bool)" path="/exception"/>
    public Task<VdiDevice> OpenAsync(HostLink at, Ref<VmRecord> reference, Ref<VdiRecord> disk, CancellationToken cancellationToken)
    {
        var state = pool.State;
        var vdi = state.Get(disk);
        var sr = Sr(at, state, reference, vdi);
        return FindAsync(disk, vdi, uuid => sr.OpenDeviceAsync(uuid, SrAccess.ReadWrite, cancellationToken));
    }

    /// <summary>Checks that no other VM has one of the VM's disks in a way that would hurt either.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>, <c>VDI_READONLY</c>.</exception>
    public static void RequireFree(DatabaseState state, Ref<VmRecord> reference)
    {
        foreach (var vbd in state.Get(reference).Vbds.Select(state.Get).Where(b => !b.Empty && state.Find(b.Vdi) is not null))
        {
            RequireFree(state, reference, vbd, b => b.Vm != reference, "VM.start");
        }
    }

    /// <summary>The same of one drive that the VM's guest is to be given while it runs.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>, <c>VDI_READONLY</c>.</exception>
    public static void RequireFree(DatabaseState state, VbdRecord vbd, string operation) =>
        RequireFree(state, vbd.Vm, vbd, b => b.Uuid != vbd.Uuid, operation);

    private static void RequireFree(
        DatabaseState state, Ref<VmRecord> reference, VbdRecord vbd, Func<VbdRecord, bool> isOther, string asked)
    {
        var vdi = state.Get(vbd.Vdi);
        if (!state.Get(vdi.Sr).Pbds.Any(p => state.Get(p).CurrentlyAttached))
        {
            // It was a moment ago: somebody is letting the storage go.
            throw new XenApiException("VM_REQUIRES_SR", reference.Opaque, vdi.Sr.Opaque);
        }

        if (vbd.Mode == VbdMode.Rw && vdi.ReadOnly)
        {
            throw new XenApiException("VDI_READONLY", vbd.Vdi.Opaque);
        }

        if (vbd.Mode == VbdMode.Rw)
        {
            TestClones.RequireUnread(state, vdi);
        }

        var others = vdi.Vbds.Select(state.Find).OfType<VbdRecord>().Where(b => b.CurrentlyAttached && isOther(b));
        if (!vdi.Sharable && others.Any(b => b.Mode == VbdMode.Rw || vbd.Mode == VbdMode.Rw))
        {
            throw new XenApiException("VDI_IN_USE", vbd.Vdi.Opaque, asked);
        }

        if (!vdi.Sharable && VdiRows.IsHeldSuspended(state, vbd.Vdi, reference))
        {
            throw new XenApiException("VDI_IN_USE", vbd.Vdi.Opaque, asked);
        }

        foreach (var (task, operation) in vdi.CurrentOperations)
        {
            throw new XenApiException(
                "OTHER_OPERATION_IN_PROGRESS", "VDI", vbd.Vdi.Opaque, VdiOperationsType.Instance.Encode(operation), task);
        }
    }

    private static ISr Sr(HostLink at, DatabaseState state, Ref<VmRecord> vm, VdiRecord vdi)
    {
        var sr = state.Get(vdi.Sr);
        var attached = at.Attached.Find(sr.Uuid) ?? throw new XenApiException("VM_REQUIRES_SR", vm.Opaque, vdi.Sr.Opaque);
        return sr.IntroducedBy.IsNull
            ? attached
            : throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                $"The SR {sr.NameLabel} ({sr.Uuid}) is attached read-only for disaster recovery. "
                + "Recover a VM from it first; then it belongs to this pool.");
    }

    private static async Task<T> FindAsync<T>(Ref<VdiRecord> reference, VdiRecord vdi, Func<VdiUuid, Task<T>> find)
    {
        // A guest that has a metadata volume for a disk writes the next disaster's truth.
        VdiRows.RequireNoMetadata(reference, vdi);
        if (vdi.Missing)
        {
            throw new XenApiException("VDI_MISSING", vdi.Sr.Opaque, reference.Opaque);
        }

        try
        {
            return await find(SrRows.Uuid(vdi));
        }
        catch (XenApiException e) when (e.Code == "SR_BACKEND_FAILURE_46")
        {
            throw new XenApiException(e, "VDI_MISSING", vdi.Sr.Opaque, reference.Opaque);
        }
    }
}
