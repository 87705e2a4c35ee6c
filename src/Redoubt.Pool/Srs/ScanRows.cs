using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>Makes the records of an SR's disks true to what a scan found.</summary>
internal static class ScanRows
{
    /// <summary>In a metadata VDI's <c>sm_config</c>: the key by which it was proven when it was read last.</summary>
    public const string ProvenKey = Marks.Proven;

    /// <summary>Applies a scan.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="sr">The SR that was scanned.</param>
    /// <param name="found">The disks on it.</param>
    /// <param name="volumes">The foreign metadata volumes among them that could be read.</param>
    /// <param name="standings">Which of them are believed.</param>
    /// <param name="ownPool">This pool.</param>
    public static void Apply(
        Transaction tx, Ref<SrRecord> sr, IReadOnlyList<VdiState> found, IReadOnlyDictionary<string, MetadataVolume.Readable> volumes,
        IReadOnlyDictionary<string, VolumeStanding> standings, Ref<PoolRecord> ownPool)
    {
        var believed = volumes.Where(v => standings.GetValueOrDefault(v.Key) is VolumeStanding.Proven or VolumeStanding.Accepted)
            .Select(v => v.Value)
            .MaxBy(v => v.State.Generation)?.State;
        var names = believed ?? volumes.Values.MaxBy(v => v.State.Generation)?.State;
        var own = OwnOf(tx, sr, volumes, standings, ownPool);
        var present = found.ToDictionary(f => f.Uuid.ToString());
        foreach (var vdi in tx.Get(sr).Vdis.Where(v => !present.ContainsKey(tx.Get(v).Location)))
        {
            tx.Update(vdi, v => v with { Missing = true });
        }

        var (made, making) = (new List<VdiRecord>(), DisksInMaking.Of(tx.Get(sr)).Select(u => u.ToString()).ToHashSet());
        foreach (var (uuid, disk) in present)
        {
            var reference = tx.State.FindByUuid<VdiRecord>(uuid);
            if (!reference.IsNull && tx.Get(reference).Sr != sr)
            {
                // The same disk in two SRs: a mirror and its original. The one that was here first keeps the record.
                continue;
            }

            if (reference.IsNull && making.Contains(uuid))
            {
                continue; // Nobody's, as long as nobody has said whose it is.
            }

            var old = tx.Find(reference)
                ?? Described(names, uuid, believed is not null) with { Uuid = uuid, Sr = sr, Location = uuid, Managed = true };
            if (reference.IsNull && disk.Name is { } name)
            {
                old = old with { NameLabel = BriefText.Of(name) };
            }

            var now = old with
            {
                ReadOnly = old.ReadOnly || disk.IsReadOnly,
                Managed = old.Managed && !disk.IsHidden,
                SmConfig = WithFormat(old.SmConfig, disk),
                Missing = disk.Unreadable is not null,
                VirtualSize = disk.VirtualSizeBytes,
                PhysicalUtilisation = disk.PhysicalUtilisationBytes,
                Type = TypeOf(disk, reference.IsNull ? null : old, old.Type, standings.GetValueOrDefault(uuid), ownPool),
            };
            now = now.MetadataOfPool == ownPool && !reference.IsNull
                ? now
                : Claimed(now, volumes.GetValueOrDefault(uuid), standings.GetValueOrDefault(uuid), ownPool, isOwn: uuid == own);

            if (reference.IsNull)
            {
                made.Add(now);
            }
            else if (now != old)
            {
                tx.Update(reference, _ => now);
            }
        }

        tx.CreateAll(made);
    }

    /// <summary>The same without what is so only of the file that the disk is in.</summary>
    public static ImmutableSortedDictionary<string, string> WithoutFormat(ImmutableSortedDictionary<string, string> config) =>
        config.RemoveRange([Marks.Format, Marks.FormatParent]);

    // In XenServer's words. Only the storage knows it, whatever a database says.
    private static ImmutableSortedDictionary<string, string> WithFormat(ImmutableSortedDictionary<string, string> config, VdiState disk)
    {
        var plain = WithoutFormat(config);
        var told = disk.Format == DiskFormat.Vhd ? plain.SetItem(Marks.Format, Marks.Vhd) : plain;
        return disk.Parent is { } parent ? told.SetItem(Marks.FormatParent, $"{parent}") : told;
    }

    /// <summary>
    /// What a disk is. Its own bytes say that only where nothing else does: a raw disk's first bytes are its guest's to write. So what is
    /// recorded as a disk stays one, unless a volume is proven; and what is recorded as a volume stays one, unless a proven one calls it a
    /// disk.
    /// </summary>
    private static XenApi.VdiType TypeOf(
        VdiState disk, VdiRecord? recorded, XenApi.VdiType otherwise, VolumeStanding? standing, Ref<PoolRecord> ownPool)
    {
        var asDisk = otherwise == XenApi.VdiType.Metadata ? XenApi.VdiType.User : otherwise;
        return recorded switch
        {
            { Type: XenApi.VdiType.Metadata } =>
                standing is VolumeStanding.Disk && recorded.MetadataOfPool != ownPool ? XenApi.VdiType.User : XenApi.VdiType.Metadata,
            { } => standing is VolumeStanding.Proven ? XenApi.VdiType.Metadata : recorded.Type,
            null => disk.Type == Storage.VdiType.Metadata && standing is not VolumeStanding.Disk ? XenApi.VdiType.Metadata : asDisk,
        };
    }

    // A pool has one volume on an SR. Another one that is proven to be its own is what that one took the place of.
    private static string? OwnOf(
        Transaction tx, Ref<SrRecord> sr, IReadOnlyDictionary<string, MetadataVolume.Readable> volumes,
        IReadOnlyDictionary<string, VolumeStanding> standings, Ref<PoolRecord> ownPool) =>
        tx.Get(sr).Vdis.Any(v => tx.Get(v).MetadataOfPool == ownPool)
            ? null
            : volumes.Where(v => v.Value.PoolRef == ownPool && standings.GetValueOrDefault(v.Key) is VolumeStanding.Proven)
                .OrderBy(v => v.Value.State.Generation).LastOrDefault().Key;

    // A volume that says it is this pool's own would be written to, so it takes this pool's key to say that.
    private static VdiRecord Claimed(
        VdiRecord vdi, MetadataVolume.Readable? volume, VolumeStanding? standing, Ref<PoolRecord> ownPool, bool isOwn)
    {
        var key = standing is VolumeStanding.Proven proven ? proven.Key : null;
        return volume is null || vdi.Type != XenApi.VdiType.Metadata || (volume.PoolRef == ownPool && !isOwn)
            ? vdi with { MetadataOfPool = default, MetadataLatest = false }
            : vdi with
            {
                MetadataOfPool = volume.PoolRef,
                SmConfig = key is null ? vdi.SmConfig.Remove(ProvenKey) : vdi.SmConfig.SetItem(ProvenKey, key),
            };
    }

    /// <summary>Marks the foreign volumes with the highest generation of their pool, and unmarks the others.</summary>
    public static Action<Transaction> MarkLatest(
        ForeignDatabases foreign, IReadOnlyDictionary<string, VolumeStanding> standings, Ref<PoolRecord> ownPool)
    {
        var latest = foreign.Latest(standings);
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
    private static VdiRecord Described(DatabaseState? names, string uuid, bool isBelieved) =>
        names?.Find(names.FindByUuid<VdiRecord>(uuid)) is not { } theirs
        ? new VdiRecord { Type = XenApi.VdiType.User }
        : !isBelieved ? new VdiRecord
        {
            NameLabel = BriefText.Of(theirs.NameLabel),
            NameDescription = BriefText.Of(theirs.NameDescription),
            Type = XenApi.VdiType.User,
        }
        : new VdiRecord
        {
            NameLabel = theirs.NameLabel,
            NameDescription = theirs.NameDescription,
            Type = theirs.Type,
            Sharable = theirs.Sharable,
            ReadOnly = theirs.ReadOnly,
            SmConfig = theirs.SmConfig,
            CbtEnabled = theirs.CbtEnabled,
            Tags = theirs.Tags,
        };
}
