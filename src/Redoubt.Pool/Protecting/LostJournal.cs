using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>What is done when the pool's own journal is gone: say where its copies are, or make it anew from one.</summary>
internal static class LostJournal
{
    private const string Brand = "Redoubt";

    // A volume on storage that hangs is named without its generation.
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(10);

    /// <summary>Says how to go on without the journal, in whole sentences.</summary>
    public static async Task<string> AdviceAsync(KnownCopies copies, TimeProvider time)
    {
        var found = new List<string>();
        foreach (var copy in copies.All)
        {
            found.Add(
                $"--restore-from {copy.Path} goes on from the copy on SR {copy.SrName} ({copy.Sr}), {await DescribeAsync(copy, time)}");
        }

        return (found.Count == 0
            ? "Put it back, or start once with --restore-from and the directory of an SR that was protected, or a metadata volume"
            : $"Put it back, or start once with a copy: {string.Join("; ", found)}")
            + ". --new-pool begins a new, empty pool instead; the VMs of the old one can be recovered into it.";
    }

    /// <summary>Finds the newest copy that a place holds; writes nothing.</summary>
    /// <param name="from">
    /// A metadata volume, which is believed because it is named; or an SR's directory, or one that holds SRs, of which only what is proven
    /// to be a pool's is: a guest can have written a database onto its disk.
    /// </param>
    /// <param name="copies">Whose copy it must be, if there are several pools' there.</param>
    /// <param name="key">The pool's key, if it is not gone too.</param>
    /// <exception cref="InvalidDataException">There is no copy that can be used; nothing was changed.</exception>
    public static FoundCopy Find(string from, KnownCopies copies, VolumeKey? key)
    {
        var candidates = Volumes(from).Select(p => (Path: p, Content: MetadataVolume.Read(p))).ToList();
        var readable = candidates.Where(c => c.Content is MetadataVolume.Readable)
            .Select(c => Copy.Of(c.Path, (MetadataVolume.Readable)c.Content)).ToList();
        if (readable.Count == 0)
        {
            throw Unusable(from, candidates.Count == 0 ? "there is no metadata volume in it"
                : string.Join("; ", candidates.Select(c => $"{c.Path}: {((MetadataVolume.Unreadable)c.Content).Reason}")));
        }

        var keys = readable.Where(c => key is not null && c.Claim.Key == key.Fingerprint).Select(c => c.Claim.PoolUuid).Distinct()
            .ToDictionary(p => p, _ => new KnownKey(key!.Fingerprint, IsFromFirstLook: false));
        var standings = VolumeTrust.Judge(
            [.. readable.Select(c => c.Claim)], keys, System.Collections.Immutable.ImmutableHashSet<string>.Empty, _ => false).Standings;
        var isNamed = !Directory.Exists(from);
        var believed = readable.Where(c => isNamed || standings[c.Claim.VdiUuid] is VolumeStanding.Proven).ToList();
        if (believed.Count == 0)
        {
            throw Unusable(
                from,
                "nothing there is proven to be a pool's metadata: "
                    + $"{string.Join("; ", readable.Select(c => $"{c.Path}: {Why(standings[c.Claim.VdiUuid])}"))}; name the "
                    + "volume if you know that it is");
        }

        var pools = copies.All.Select(c => c.Pool).ToHashSet(StringComparer.Ordinal);
        var ours = believed.Where(c => pools.Contains(c.Claim.PoolUuid)).ToList();
        var left = ours.Count > 0 ? ours : believed;
        if (left.Select(c => c.Claim.PoolUuid).Distinct().Count() > 1)
        {
            throw Unusable(
                from,
                "it holds copies of several pools: "
                    + $"{string.Join("; ", left.Select(c => $"{c.Path} of pool {c.Pool.NameLabel}"))}; name the volume");
        }

        var newest = left.MaxBy(c => c.Volume.State.Generation)!;
        return newest.Volume.State.All<HostRecord>().Any(h => h.Record.SoftwareVersion.GetValueOrDefault("product_brand") == Brand)
            ? new(newest.Volume.State, Describe(newest, standings[newest.Claim.VdiUuid]))
            : throw Unusable(
                newest.Path, "it was written by another product, whose hosts this daemon can't be; start a new pool and recover its VMs");
    }

    private static string Describe(Copy copy, VolumeStanding standing) =>
        $"The database of pool {copy.Pool.NameLabel} ({copy.Pool.Uuid}) was restored from {copy.Path}, generation "
            + $"{copy.Volume.State.Generation}"
        + (copy.Volume.Damage is { } damage ? $"; the copy is damaged: {damage}" : "")
        + (standing is VolumeStanding.Proven ? "" : $"; nothing proves that it is this pool's: {Why(standing)}") + ".";

    private static string Why(VolumeStanding standing) => standing switch
    {
        VolumeStanding.Unproven { Why: var why } => why,
        VolumeStanding.Disk => "another volume says that it is a disk of a VM",
        _ => "",
    };

    private static List<string> Volumes(string from)
    {
        if (!Directory.Exists(from))
        {
            return [from];
        }

        return [.. new[] { from }.Concat(Directory.EnumerateDirectories(from).Order(StringComparer.Ordinal))
            .SelectMany(d => Directory.EnumerateFiles(d, "*.raw").Order(StringComparer.Ordinal))
            .Where(MetadataVolume.IsOne)];
    }

    private static async Task<string> DescribeAsync(KnownCopy copy, TimeProvider time)
    {
        try
        {
            if (copy.On is { } on && !await Task.Run(() => Path.Exists(copy.Path)).WaitAsync(LookLimit, time))
            {
                return $"which lies on {on}: mount that first, read-only, and name the directory {copy.Sr} in it";
            }

            return await Task.Run(() => MetadataVolume.Read(copy.Path)).WaitAsync(LookLimit, time) switch
            {
                MetadataVolume.Readable volume =>
                    $"generation {volume.State.Generation}" + (volume.Damage is { } damage ? $" ({damage})" : ""),
                MetadataVolume.Unreadable unreadable => $"which can't be used now: {unreadable.Reason}",
                var other => throw new InvalidOperationException($"unknown volume {other}"),
            };
        }
        catch (TimeoutException)
        {
            return "which does not answer now";
        }
    }

    private static InvalidDataException Unusable(string from, string why) =>
        new($"The pool can't be restored from {from}: {why}. Nothing was changed.");

    /// <param name="Path">Where it is.</param>
    /// <param name="Volume">What it holds.</param>
    /// <param name="Claim">What it says of itself.</param>
    private sealed record Copy(string Path, MetadataVolume.Readable Volume, VolumeClaim Claim)
    {
        public PoolRecord Pool => Volume.State.Get(Volume.PoolRef);

        public static Copy Of(string path, MetadataVolume.Readable volume) => new(path, volume, ForeignDatabases.ClaimOf(
            System.IO.Path.GetFileName(System.IO.Path.GetDirectoryName(path)) ?? "", System.IO.Path.GetFileNameWithoutExtension(path),
            volume));
    }
}
