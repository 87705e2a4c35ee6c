using Redoubt.Storage;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Looks at storage that is not attached. The names of SRs are not on the storage itself but in the pool metadata that lies there, so the
/// newest intact metadata volume is read for them.
/// </summary>
internal static class SrProbe
{
    /// <summary>Lists the SRs that a device config leads to. Writes nothing.</summary>
    public static async Task<IReadOnlyList<FoundSr>> RunAsync(
        ISrDriver driver, IReadOnlyDictionary<string, string> deviceConfig, CancellationToken cancellationToken)
    {
        var found = new List<FoundSr>();
        foreach (var sr in await driver.ProbeAsync(deviceConfig, cancellationToken))
        {
            var readable = await Task.Run(
                () => sr.Metadata.Select(m => m.Path).OfType<string>().Select(path => MetadataVolume.Read(path)).OfType<MetadataVolume.Readable>().ToList(),
                cancellationToken);
            var newest = readable.MaxBy(v => v.State.Generation);
            var record = newest is null ? null : newest.State.Find(newest.State.FindByUuid<SrRecord>(sr.Uuid.ToString()));
            found.Add(new(sr.Uuid.ToString(), record?.NameLabel ?? "", record?.NameDescription ?? "", sr.PhysicalSizeBytes, sr.Metadata.Count > 0,
                [.. readable.Select(v => new ProbedMetadata(v.PoolUuid, v.State.Get(v.PoolRef).NameLabel, v.State.Generation, v.WrittenAt))]));
        }

        return found;
    }
}
