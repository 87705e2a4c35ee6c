using System.Collections.Concurrent;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What is known of the metadata volumes that other pools wrote: filled when their SR is scanned or one of them is opened.</summary>
internal sealed class ForeignDatabases
{
    private readonly ConcurrentDictionary<string, (string PoolUuid, string PoolRef, long Generation)> _known = new();

    /// <summary>The UUID of the pool whose database a volume holds; empty if it is not known.</summary>
    public string PoolUuid(string vdiUuid) => _known.TryGetValue(vdiUuid, out var entry) ? entry.PoolUuid : "";

    /// <summary>Of each pool, the volumes with the highest generation seen.</summary>
    public HashSet<string> Latest() =>
    [
        .. _known.GroupBy(k => k.Value.PoolRef).SelectMany(pool =>
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

            var path = (await sr.GetPathAsync(vdi.Uuid, cancellationToken)).Path;
            if (await Task.Run(() => MetadataVolume.Read(path), cancellationToken) is MetadataVolume.Readable readable)
            {
                volumes[uuid] = readable;
                Remember(uuid, readable);
            }
            else
            {
                Forget(uuid);
            }
        }

        return volumes;
    }

    /// <summary>Notes what a volume was found to hold.</summary>
    public void Remember(string vdiUuid, MetadataVolume.Readable volume) =>
        _known[vdiUuid] = (volume.PoolUuid, volume.PoolRef.Opaque, volume.State.Generation);

    /// <summary>Forgets a volume that is out of reach.</summary>
    public void Forget(string vdiUuid) => _known.TryRemove(vdiUuid, out _);
}
