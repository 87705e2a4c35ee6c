using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What belongs to a disk in the database: who uses it, and that its SR's <c>virtual_allocation</c> is kept with each disk that comes,
/// grows and goes, for an SR may have very many.
/// </summary>
internal static class VdiRows
{
    /// <summary>Adds a disk's record.</summary>
    public static Ref<VdiRecord> Create(Transaction tx, VdiRecord vdi)
    {
        Allocate(tx, vdi.Sr, vdi.VirtualSize);
        return tx.Create(vdi);
    }

    /// <summary>Writes down what size a disk has now.</summary>
    public static void Resize(Transaction tx, Ref<VdiRecord> vdi, long virtualBytes, long physicalBytes)
    {
        var old = tx.Get(vdi);
        Allocate(tx, old.Sr, virtualBytes - old.VirtualSize);
        tx.Update(vdi, v => v with { VirtualSize = virtualBytes, PhysicalUtilisation = physicalBytes });
    }

    /// <summary>Removes a disk's record; removing what is not there does nothing.</summary>
    public static void Delete(Transaction tx, Ref<VdiRecord> vdi)
    {
        if (tx.Find(vdi) is { } old)
        {
            Allocate(tx, old.Sr, -old.VirtualSize);
            tx.Delete(vdi);
        }
    }

    /// <summary>Adds up anew, for when all disks have been looked at.</summary>
    public static void AddUp(Transaction tx, Ref<SrRecord> sr)
    {
        var sum = tx.Get(sr).Vdis.Sum(v => tx.Get(v).VirtualSize);
        tx.Update(sr, s => s with { VirtualAllocation = sum });
    }

    /// <summary>The image of this location in one of the pool's libraries, or the null reference.</summary>
    public static Ref<VdiRecord> FindIso(DatabaseState state, string location) =>
        state.All<SrRecord>().Where(s => s.Record.ContentType == "iso").SelectMany(s => s.Record.Vdis)
            .FirstOrDefault(v => state.Find(v)?.Location == location);

    /// <summary>Checks that no running VM has the disk open, and that no suspended one will go on with it as it is now.</summary>
    /// <exception cref="XenApiException"><c>VDI_IN_USE</c>.</exception>
    public static void RequireChangeable(DatabaseState state, Ref<VdiRecord> vdi, string operation)
    {
        RequireUnused(state, vdi, operation);
        if (IsHeldSuspended(state, vdi, default) || state.All<VmRecord>()
            .Any(v => v.Record.SuspendVdi == vdi && v.Record.PowerState != VmPowerState.Halted))
        {
            throw new XenApiException("VDI_IN_USE", vdi.Opaque, operation);
        }
    }

    /// <summary>The drive of a running VM that alone has the disk, to write; null: nobody has, several have, or it is only read.</summary>
    public static Ref<VbdRecord> LiveDriveOf(DatabaseState state, Ref<VdiRecord> vdi)
    {
        var users = state.Get(vdi).Vbds.Where(b => state.Find(b) is { CurrentlyAttached: true }).ToList();
        return users is [var only] && state.Get(only) is { Mode: VbdMode.Rw, Type: VbdType.Disk } drive
            && state.Find(drive.Vm) is { PowerState: VmPowerState.Running or VmPowerState.Paused } ? only : default;
    }

    /// <summary>
    /// Whether a suspended VM, other than <paramref name="but"/>, writes to the disk once it goes on, or one that is reverted to a
    /// checkpoint will go on with a copy of it.
    /// </summary>
    public static bool IsHeldSuspended(DatabaseState state, Ref<VdiRecord> vdi, Ref<VmRecord> but) => state.Get(vdi).Vbds.Select(state.Find)
        .Any(b => b is { Mode: VbdMode.Rw } && b.Vm != but
            && state.Find(b.Vm) is { PowerState: VmPowerState.Suspended });

    private static void Allocate(Transaction tx, Ref<SrRecord> sr, long bytes)
    {
        if (bytes != 0 && tx.Find(sr) is not null)
        {
            tx.Update(sr, s => s with { VirtualAllocation = Math.Max(0, s.VirtualAllocation + bytes) });
        }
    }

    /// <summary>
    /// Checks that it is no metadata volume, for what is written to one is the next disaster's truth; and that it has its data.
    /// </summary>
    /// <exception cref="XenApiException"><c>VDI_INCOMPATIBLE_TYPE</c>.</exception>
    public static void RequireNoMetadata(Ref<VdiRecord> vdi, VdiRecord record)
    {
        RequireData(vdi, record);
        if (record.Type == VdiType.Metadata)
        {
            throw Incompatible(vdi, record);
        }
    }

    /// <summary>Checks that the data of a disk has not been destroyed: what lies in its place is no disk.</summary>
    /// <exception cref="XenApiException"><c>VDI_INCOMPATIBLE_TYPE</c>.</exception>
    public static void RequireData(Ref<VdiRecord> vdi, VdiRecord record)
    {
        if (record.Type == VdiType.CbtMetadata)
        {
            throw Incompatible(vdi, record);
        }
    }

    /// <summary>The refusal of a disk of this type.</summary>
    public static XenApiException Incompatible(Ref<VdiRecord> vdi, VdiRecord record) =>
        new("VDI_INCOMPATIBLE_TYPE", vdi.Opaque, VdiTypeType.Instance.Encode(record.Type));

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
