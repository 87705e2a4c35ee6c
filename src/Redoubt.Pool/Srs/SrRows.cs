using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What belongs to an SR in the database.</summary>
internal static class SrRows
{
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
}
