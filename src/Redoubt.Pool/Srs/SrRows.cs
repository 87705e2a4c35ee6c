using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What belongs to an SR in the database, and what is had by its record.</summary>
internal static class SrRows
{
    /// <summary>The driver of a type.</summary>
    /// <exception cref="XenApiException"><c>SR_UNKNOWN_DRIVER</c>.</exception>
    public static ISrDriver Driver(PoolServices pool, string type) =>
        pool.Drivers.GetValueOrDefault(type) ?? throw new XenApiException("SR_UNKNOWN_DRIVER", type);

    /// <summary>An attached SR that is this pool's to change.</summary>
    /// <exception cref="XenApiException"><c>SR_NOT_ATTACHED</c>, or as <see cref="RequireOurs"/>.</exception>
    public static ISr Writable(PoolServices pool, Ref<SrRecord> reference)
    {
        var sr = pool.State.Get(reference);
        RequireOurs(sr);
        return pool.Hosts.Attached(reference, sr);
    }

    /// <summary>Checks that an SR is not one that is only looked at for disaster recovery.</summary>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>.</exception>
    public static void RequireOurs(SrRecord sr)
    {
        if (!sr.IntroducedBy.IsNull)
        {
            throw new XenApiException(
                "OPERATION_NOT_ALLOWED",
                "The SR is attached read-only for disaster recovery. Recover a VM from it first; then it belongs to this pool.");
        }
    }

    /// <summary>Removes the SR with its PBDs and the records of its disks. The disks themselves stay.</summary>
    public static void Delete(Transaction tx, Ref<SrRecord> sr)
    {
        if (tx.Find(sr) is not { } record)
        {
            return;
        }

        foreach (var vdi in record.Vdis)
        {
            tx.Delete(vdi);
        }

        foreach (var pbd in record.Pbds)
        {
            DeviceSecrets.Drop(tx, pbd);
            tx.Delete(pbd);
        }

        tx.Delete(sr);
    }

    /// <summary>The SR's UUID as the drivers take it.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: the record has no proper UUID.</exception>
    public static SrUuid Uuid(SrRecord sr) =>
        SrUuid.TryParse(sr.Uuid, out var uuid) ? uuid : throw new XenApiException("INVALID_VALUE", "uuid", sr.Uuid);

    /// <summary>A disk's UUID as the drivers take it.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>: the record has no proper location.</exception>
    public static VdiUuid Uuid(VdiRecord vdi) =>
        VdiUuid.TryParse(vdi.Location, out var uuid) ? uuid : throw new XenApiException("INVALID_VALUE", "location", vdi.Location);

    /// <summary>Asks a second person before an SR that carries the pool's metadata stops doing so, where the pool wants that.</summary>
    /// <exception cref="XenApiException"><c>DR_APPROVAL_NEEDED</c>.</exception>
    public static void GuardProtection(PoolServices pool, Ref<SrRecord> sr, SessionState session)
    {
        var record = pool.State.Get(sr);
        if (record.IntroducedBy.IsNull && record.Vdis.Select(pool.State.Find)
            .Any(v => v is { Type: XenApi.VdiType.Metadata } && v.MetadataOfPool == pool.Pool))
        {
            pool.Guard(GuardedAct.Unprotect, record.Uuid, $"stop protecting SR {BriefText.Of(record.NameLabel)} ({record.Uuid})", session);
        }
    }
}
