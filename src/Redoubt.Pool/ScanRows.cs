using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Makes the records of an SR's disks true to what a scan found.</summary>
internal static class ScanRows
{
    /// <summary>Applies a scan.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="sr">The SR that was scanned.</param>
    /// <param name="found">The disks on it.</param>
    /// <param name="volumes">The foreign metadata volumes among them that could be read.</param>
    /// <param name="ownPool">This pool.</param>
    public static void Apply(
        Transaction tx, Ref<SrRecord> sr, IReadOnlyList<VdiState> found, IReadOnlyDictionary<string, MetadataVolume.Readable> volumes, Ref<PoolRecord> ownPool)
    {
        var names = volumes.Values.MaxBy(v => v.State.Generation)?.State;
        // On a replica, what was a metadata volume and is no redo log any more has been garbled, and must not just be gone.
        var isReplica = !tx.Get(sr).IntroducedBy.IsNull;
        var present = found.ToDictionary(f => f.Uuid.ToString());
        foreach (var vdi in tx.Get(sr).Vdis.Where(v => !present.ContainsKey(tx.Get(v).Location)))
        {
            tx.Update(vdi, v => v with { Missing = true });
        }

        foreach (var (uuid, disk) in present)
        {
            var reference = tx.State.FindByUuid<VdiRecord>(uuid);
            if (!reference.IsNull && tx.Get(reference).Sr != sr)
            {
                // The same disk in two SRs: a mirror and its original. The one that was here first keeps the record.
                continue;
            }

            var old = tx.Find(reference) ?? Described(names, uuid) with { Uuid = uuid, Sr = sr, Location = uuid, Managed = true };
            var now = old with
            {
                Missing = disk.Unreadable is not null,
                VirtualSize = disk.VirtualSizeBytes,
                PhysicalUtilisation = disk.PhysicalUtilisationBytes,
                Type = disk.Type == Storage.VdiType.Metadata ? XenApi.VdiType.Metadata : old.Type == XenApi.VdiType.Metadata && !isReplica ? XenApi.VdiType.User : old.Type,
            };
            if (volumes.TryGetValue(uuid, out var volume))
            {
                now = now with { MetadataOfPool = volume.PoolRef };
            }
            else if (now.MetadataOfPool != ownPool)
            {
                now = now with { MetadataOfPool = default, MetadataLatest = false };
            }

            if (reference.IsNull)
            {
                tx.Create(now);
            }
            else if (now != old)
            {
                tx.Update(reference, _ => now);
            }
        }
    }

    /// <summary>Marks the foreign volumes with the highest generation of their pool, and unmarks the others.</summary>
    public static Action<Transaction> MarkLatest(ForeignDatabases foreign, Ref<PoolRecord> ownPool)
    {
        var latest = foreign.Latest();
        return tx =>
        {
            foreach (var (reference, vdi) in tx.State.All<VdiRecord>()
                .Where(v => v.Record.Type == XenApi.VdiType.Metadata && v.Record.MetadataOfPool != ownPool
                    && v.Record.MetadataLatest != latest.Contains(v.Record.Uuid)).ToList())
            {
                tx.Update(reference, v => v with { MetadataLatest = latest.Contains(vdi.Uuid) });
            }
        };
    }

    /// <summary>What the pool that made a disk said of it: a file SR itself keeps no names.</summary>
    private static VdiRecord Described(DatabaseState? names, string uuid) => names?.Find(names.FindByUuid<VdiRecord>(uuid)) is { } theirs
        ? new VdiRecord
        {
            NameLabel = theirs.NameLabel,
            NameDescription = theirs.NameDescription,
            Type = theirs.Type,
            Sharable = theirs.Sharable,
            ReadOnly = theirs.ReadOnly,
            SmConfig = theirs.SmConfig,
            Tags = theirs.Tags,
        }
        : new VdiRecord { Type = XenApi.VdiType.User };
}
