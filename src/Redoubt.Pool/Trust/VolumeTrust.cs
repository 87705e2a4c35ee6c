using System.Collections.Immutable;

namespace Redoubt.Pool;

/// <summary>
/// Decides which of the volumes that look like metadata are. Their bytes alone can't say: a raw disk is the guest's to write, with any
/// magic and any database on it. Pure.
/// <code>
/// 1 proven     signed, as this very volume, with the key that the operator, a site or this pool itself has named
/// 2 a disk     this pool's record says so, or the database on a volume of 1
/// 3 proven     signed with the only key that claims its pool, if no volume in sight calls it a disk (the first look)
/// 4 a disk     the database on a volume of 3 says so
/// 5 unproven   the rest
/// </code>
/// </summary>
internal static class VolumeTrust
{
    /// <summary>Judges the volumes together: what one says of another counts.</summary>
    /// <param name="claims">What they say.</param>
    /// <param name="keys">The keys of pools that are known, by the pool's UUID.</param>
    /// <param name="accepted">The volumes that the operator wants to be believed.</param>
    /// <param name="isDisk">Whether this pool's own record says that a volume is a disk.</param>
    /// <returns>The standing of each, and the keys that were met for the first time and may be remembered.</returns>
    public static (ImmutableDictionary<string, VolumeStanding> Standings, ImmutableDictionary<string, string> Met) Judge(
        IReadOnlyCollection<VolumeClaim> claims, IReadOnlyDictionary<string, KnownKey> keys, IReadOnlySet<string> accepted,
        Func<string, bool> isDisk)
    {
        var standings = ImmutableDictionary.CreateBuilder<string, VolumeStanding>();
        var sure = claims.Where(c => Known(c, keys) is { IsFromFirstLook: false } || accepted.Contains(c.VdiUuid)).ToList();
        foreach (var claim in sure)
        {
            standings[claim.VdiUuid] = Known(claim, keys) is { IsFromFirstLook: false } key
                ? new VolumeStanding.Proven(key.Fingerprint)
                : new VolumeStanding.Accepted();
        }

        var rest = claims.Where(c => !standings.ContainsKey(c.VdiUuid) && !isDisk(c.VdiUuid) && !IsListed(c, sure)).ToList();
        foreach (var disk in claims.Where(c => !standings.ContainsKey(c.VdiUuid)).Except(rest))
        {
            standings[disk.VdiUuid] = new VolumeStanding.Disk();
        }

        var pinned = rest.Where(c => Known(c, keys) is not null).ToList();
        var unlisted = rest.Where(c => c.Key is not null && !keys.ContainsKey(c.PoolUuid) && !IsListed(c, rest)).ToList();
        var keysMet = unlisted.ToLookup(c => c.PoolUuid, c => c.Key!);
        var met = unlisted.Where(c => keysMet[c.PoolUuid].Distinct().Count() == 1).ToList();
        var trusted = pinned.Where(c => !IsListed(c, pinned)).Concat(met).ToList();
        foreach (var claim in trusted)
        {
            standings[claim.VdiUuid] = new VolumeStanding.Proven(claim.Key!);
        }

        foreach (var claim in rest.Where(c => !standings.ContainsKey(c.VdiUuid)))
        {
            standings[claim.VdiUuid] = IsListed(claim, trusted)
                ? new VolumeStanding.Disk()
                : new VolumeStanding.Unproven(Why(claim, keys, rest));
        }

        return (standings.ToImmutable(), met.DistinctBy(c => c.PoolUuid).ToImmutableDictionary(c => c.PoolUuid, c => c.Key!));
    }

    private static KnownKey? Known(VolumeClaim claim, IReadOnlyDictionary<string, KnownKey> keys) =>
        claim.Key is { } key && keys.TryGetValue(claim.PoolUuid, out var known) && known.Fingerprint == key ? known : null;

    // Also by itself: a guest that has got hold of its pool's database has one that says so.
    private static bool IsListed(VolumeClaim claim, IEnumerable<VolumeClaim> by) => by.Any(o => o.Disks.Contains(claim.VdiUuid));

    private static string Why(VolumeClaim claim, IReadOnlyDictionary<string, KnownKey> keys, List<VolumeClaim> all)
    {
        if (claim.Key is not { } key)
        {
            return claim.WhyNoKey;
        }

        if (keys.TryGetValue(claim.PoolUuid, out var known) && known.Fingerprint != key)
        {
            return $"it is signed with the key {key}, and the key of pool {claim.PoolUuid} is known to be {known.Fingerprint}";
        }

        var by = all.Where(o => o.Disks.Contains(claim.VdiUuid))
            .Select(o => o.VdiUuid == claim.VdiUuid ? "its own database" : $"the volume {o.VdiUuid}").ToList();
        var others = all.Where(o => o.PoolUuid == claim.PoolUuid && o.Key is not null && o.Key != key)
            .Select(o => $"{o.VdiUuid} with {o.Key}").ToList();
        return others.Count > 0 && by.Count == 0
            ? $"volumes that are signed with different keys claim to be of pool {claim.PoolUuid}: this one with {key}, "
                + $"{string.Join(", ", others)}"
            : $"it is signed, but {string.Join(" and ", by)} says that it is a disk of a VM";
    }
}
