using System.Collections.Immutable;
using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Looks at storage that is not attached. The names of SRs are not on the storage itself but in the pool metadata that lies there, so the
/// newest intact metadata volume is read for them.
/// </summary>
internal static class SrSearch
{
    /// <summary>Lists the SRs that a device config leads to, if the caller may name that place. Writes nothing.</summary>
    /// <exception cref="XenApiException"><c>VALUE_NOT_SUPPORTED</c>: storage may not lie there.</exception>
    public static async Task<IReadOnlyList<FoundSr>> RunAsync(
        PoolServices pool, CallContext call, ISrDriver driver, ImmutableSortedDictionary<string, string> deviceConfig, MetadataTrust trust)
    {
        await HostPlaces.RequireStorageAsync(pool, call, deviceConfig);
        var found = new List<FoundSr>();
        foreach (var sr in await driver.ProbeAsync(deviceConfig, call.Cancellation))
        {
            var volumes = await ReadAsync(driver, deviceConfig, sr, call.Cancellation);

            // Names, too, come from what is believed as long as anything is; what is no more than a disk with bytes on it has no say.
            var standings = trust.Judge([.. volumes.Select(v => ForeignDatabases.ClaimOf(sr.Uuid.ToString(), v.Key, v.Value))]).Standings;
            var newest = volumes.Where(v => standings[v.Key] is not VolumeStanding.Disk)
                .OrderByDescending(v => standings[v.Key] is not VolumeStanding.Unproven)
                .ThenByDescending(v => v.Value.State.Generation).Select(v => v.Value).FirstOrDefault();
            var record = newest is null ? null : newest.State.Find(newest.State.FindByUuid<SrRecord>(sr.Uuid.ToString()));
            found.Add(new(
                sr.Uuid.ToString(), BriefText.Of(record?.NameLabel ?? ""), BriefText.Of(record?.NameDescription ?? ""),
                sr.PhysicalSizeBytes, sr.Metadata.Count > 0,
                [.. volumes.Where(v => standings[v.Key] is not VolumeStanding.Disk).Select(v => v.Value)
                    .Select(v => new FoundPoolMetadata(
                        v.PoolUuid, BriefText.Of(v.State.Get(v.PoolRef).NameLabel), v.State.Generation, v.WrittenAt))]));
        }

        return found;
    }

    // Storage that hangs or breaks in between has an SR without a name, as one whose metadata can't be read.
    private static async Task<IReadOnlyDictionary<string, MetadataVolume.Readable>> ReadAsync(
        ISrDriver driver, ImmutableSortedDictionary<string, string> deviceConfig, ProbedSr found, CancellationToken cancellationToken)
    {
        var volumes = new Dictionary<string, MetadataVolume.Readable>();
        if (found.Metadata.Count == 0)
        {
            return volumes;
        }

        try
        {
            await using var sr = await driver.AttachAsync(found.Uuid, deviceConfig, SrAccess.ReadOnly, cancellationToken);
            foreach (var volume in found.Metadata)
            {
                var read = await sr.LookIntoAsync(volume.Uuid, path => MetadataVolume.Read(path), cancellationToken);
                if (read is MetadataVolume.Readable readable)
                {
                    volumes[volume.Uuid.ToString()] = readable;
                }
            }
        }
        catch (XenApiException)
        {
            // What has been read until then counts.
        }

        return volumes;
    }
}
