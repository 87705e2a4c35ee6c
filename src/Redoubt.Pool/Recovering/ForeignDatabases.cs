using System.Collections.Concurrent;
using System.Collections.Immutable;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What is known of the metadata volumes that other pools wrote: filled when their SR is scanned or one of them is opened. What a volume
/// says is kept with its mark, and not read again while that stays.
/// </summary>
internal sealed class ForeignDatabases
{
    private readonly ConcurrentDictionary<string, ForeignSummary> _known = new();

    /// <summary>The UUID of the pool whose database a volume holds; empty if it is not known.</summary>
    public string PoolUuid(string vdiUuid) => _known.TryGetValue(vdiUuid, out var entry) ? entry.PoolUuid : "";

    /// <summary>What is known of a volume whose mark is this; null if it must be read.</summary>
    public ForeignSummary? Known(string vdiUuid, string mark) =>
        _known.TryGetValue(vdiUuid, out var entry) && entry.Mark == mark ? entry : null;

    /// <summary>What is known of a volume, be it old.</summary>
    public ForeignSummary? Find(string vdiUuid) => _known.GetValueOrDefault(vdiUuid);

    /// <summary>What the volumes that are known say of themselves.</summary>
    public IReadOnlyCollection<VolumeClaim> Claims => [.. _known.Values.Select(k => k.Claim)];

    /// <summary>Of each pool, the volumes with the highest generation seen, of those that are believed.</summary>
    public HashSet<string> Latest(IReadOnlyDictionary<string, VolumeStanding> standings) =>
    [
        .. _known.Where(k => standings.GetValueOrDefault(k.Key) is VolumeStanding.Proven or VolumeStanding.Accepted)
            .GroupBy(k => k.Value.PoolRef).SelectMany(pool =>
        {
            var highest = pool.Max(v => v.Value.Generation);
            return pool.Where(v => v.Value.Generation == highest).Select(v => v.Key);
        }),
    ];

    /// <summary>Reads those of the found disks that are metadata volumes of other pools.</summary>
    public async Task<IReadOnlyDictionary<string, MetadataVolume.Readable>> ReadAsync(
        ISr sr, IReadOnlyList<VdiState> found, PoolServices pool, CancellationToken cancellationToken)
    {
        var volumes = new Dictionary<string, MetadataVolume.Readable>();
        foreach (var vdi in found.Where(v => v is { Type: Storage.VdiType.Metadata, Unreadable: null }))
        {
            var uuid = vdi.Uuid.ToString();
            var known = pool.State.Find(pool.State.FindByUuid<VdiRecord>(uuid));
            if (known?.MetadataOfPool == pool.Pool)
            {
                continue;
            }

            // What this pool has recorded as a disk is one, whatever its guest has written onto it.
            if (MetadataTrust.IsDisk(pool.State, uuid))
            {
                Forget(uuid);
                continue;
            }

            if (await ReadAsync(sr, vdi.Uuid, cancellationToken) is MetadataVolume.Readable readable)
            {
                volumes[uuid] = readable;
            }
        }

        return volumes;
    }

    /// <summary>Reads one volume and keeps what it says.</summary>
    public async Task<MetadataVolume> ReadAsync(ISr sr, VdiUuid vdi, CancellationToken cancellationToken)
    {
        // The mark first: what is written while the volume is being read makes it another one, and then it is read again.
        var mark = await sr.GetMarkAsync(vdi, cancellationToken);
        var volume = await sr.LookIntoAsync(vdi, path => MetadataVolume.Read(path), cancellationToken);
        if (volume is MetadataVolume.Readable readable)
        {
            Remember(sr.Uuid.ToString(), vdi.ToString(), readable, mark);
        }
        else
        {
            Forget(vdi.ToString());
        }

        return volume;
    }

    /// <summary>Notes what a volume was found to hold.</summary>
    /// <param name="srUuid">The SR that it is on.</param>
    /// <param name="vdiUuid">The volume.</param>
    /// <param name="volume">What it holds.</param>
    /// <param name="mark">Its mark before it was read; empty: not known, so it is read again when it matters.</param>
    public void Remember(string srUuid, string vdiUuid, MetadataVolume.Readable volume, string mark) => _known[vdiUuid] = new(
        mark,
        volume.PoolUuid,
        volume.PoolRef.Opaque,
        BriefText.Of(volume.State.Get(volume.PoolRef).NameLabel),
        volume.State.Generation,
        volume.State.All<VmRecord>().Select(v => v.Record)
            .Where(v => v is { IsATemplate: false, IsASnapshot: false, IsControlDomain: false } && !TestMarks.IsOfTest(v.OtherConfig))
            .GroupBy(v => v.Uuid).ToImmutableDictionary(v => v.Key, v => v.Max(vm => vm.Version)),
        ClaimOf(srUuid, vdiUuid, volume));

    /// <summary>What a volume says of itself.</summary>
    public static VolumeClaim ClaimOf(string srUuid, string vdiUuid, MetadataVolume.Readable volume) => new(
        vdiUuid, srUuid, volume.PoolUuid, volume.Signature,
        [.. volume.State.All<VdiRecord>().Where(v => v.Record.Type != XenApi.VdiType.Metadata).Select(v => v.Record.Uuid)]);

    /// <summary>Forgets a volume that is out of reach.</summary>
    public void Forget(string vdiUuid) => _known.TryRemove(vdiUuid, out _);
}
