using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// Which volumes this pool believes. What it knows of other pools' keys, and which volumes the operator has accepted without a proof,
/// stands in <c>pool.other_config</c>, so that it is on record, survives, and can be changed by whoever may.
/// </summary>
internal sealed class MetadataTrust(PoolServices pool, ForeignDatabases foreign)
{
    /// <summary>Before a pool's UUID: the fingerprint of its key, and whether that is only what was met first.</summary>
    public const string KeyPrefix = Marks.TrustedKey;

    /// <summary>Before a volume's UUID: that it is believed without a proof.</summary>
    public const string AcceptedPrefix = Marks.AcceptedVolume;

    /// <summary>The fingerprint of this pool's own key, for other pools to read.</summary>
    public const string OwnKey = Marks.MetadataKey;

    private const string FirstLook = " first-look";

    private const string BySite = " site";

    /// <summary>What is believed of the volumes that are known.</summary>
    public ImmutableDictionary<string, VolumeStanding> Standings() => Judge(foreign.Claims).Standings;

    /// <summary>
    /// Whether a database that is believed says that this is a disk: one with garbage behind a redo log's magic says nothing of itself.
    /// </summary>
    public bool IsListed(string uuid)
    {
        var claims = foreign.Claims;
        var standings = Judge(claims).Standings;
        return claims.Any(
            c => standings[c.VdiUuid] is VolumeStanding.Proven or VolumeStanding.Accepted && c.VdiUuid != uuid && c.Disks.Contains(uuid));
    }

    /// <summary>What is believed of one volume, among those that are known.</summary>
    public VolumeStanding Of(VolumeClaim claim) =>
        Judge([.. foreign.Claims.Where(c => c.VdiUuid != claim.VdiUuid), claim]).Standings[claim.VdiUuid];

    /// <summary>Checks that VMs may be recovered from the foreign database of a session.</summary>
    /// <returns>How they are to be taken over.</returns>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: nothing proves that it is a pool's, and nobody has accepted
    /// it.</exception>
    public RecoveryOptions Require(SessionState session)
    {
        if (session.Claim is not { } claim)
        {
            return new RecoveryOptions();
        }

        return Of(claim) switch
        {
            VolumeStanding.Proven => new RecoveryOptions(),
            VolumeStanding.Accepted => new RecoveryOptions { IsUnproven = true },
            VolumeStanding.Unproven { Why: var why } => throw Refusal(claim, why),
            _ => throw Refusal(claim, "a volume that is believed says that it is a disk of a VM"),
        };
    }

    /// <summary>What is believed of these volumes, and which keys were met first.</summary>
    public (ImmutableDictionary<string, VolumeStanding> Standings, ImmutableDictionary<string, string> Met) Judge(
        IReadOnlyCollection<VolumeClaim> claims)
    {
        var state = pool.State;
        var config = state.Get(pool.Pool).OtherConfig;
        var keys = config.Where(c => c.Key.StartsWith(KeyPrefix, StringComparison.Ordinal))
            .ToDictionary(c => c.Key[KeyPrefix.Length..], c => Parse(c.Value));
        keys[state.Get(pool.Pool).Uuid] = new(pool.MetadataKey.Fingerprint, IsFromFirstLook: false);
        var accepted = config.Keys.Where(k => k.StartsWith(AcceptedPrefix, StringComparison.Ordinal))
            .Select(k => k[AcceptedPrefix.Length..]).ToHashSet();
        return VolumeTrust.Judge(claims, keys, accepted, uuid => IsDisk(state, uuid));
    }

    /// <summary>Remembers keys that were met for the first time, and tells people.</summary>
    public async Task RememberAsync(ImmutableDictionary<string, string> met)
    {
        foreach (var (source, key) in met)
        {
            var isNew = await pool.Database.WriteAsync(
                tx =>
                {
                    if (tx.Get(pool.Pool).OtherConfig.ContainsKey(KeyPrefix + source))
                    {
                        return false;
                    }

                    tx.Update(pool.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem(KeyPrefix + source, key + FirstLook) });
                    return true;
                },
                CancellationToken.None);
            if (isNew)
            {
                await pool.PostAsync(new Announcement.KeyMet(pool.PoolUuid, source, key, OwnKey));
            }
        }
    }

    /// <summary>Remembers a key that its pool itself has named.</summary>
    /// <returns>Whether anything has changed.</returns>
    public static async Task<bool> NameAsync(PoolServices pool, string poolUuid, string fingerprint)
    {
        if (Is(pool.State) || poolUuid == pool.State.Get(pool.Pool).Uuid)
        {
            return false;
        }

        return await pool.Database.WriteAsync(
            tx =>
            {
                if (Is(tx.State))
                {
                    return false;
                }

                tx.Update(pool.Pool, p => p with { OtherConfig = p.OtherConfig.SetItem(KeyPrefix + poolUuid, fingerprint + BySite) });
                return true;
            },
            CancellationToken.None);

        // What the operator has written has no word behind the key.
        bool Is(DatabaseState state) => state.Get(pool.Pool).OtherConfig.TryGetValue(KeyPrefix + poolUuid, out var there)
            && (there == fingerprint + BySite || !there.Trim().Contains(' ', StringComparison.Ordinal));
    }

    /// <summary>
    /// Whether this pool's record says that a volume is a disk. On storage of its own, what it has recorded as a disk never becomes
    /// anything else.
    /// </summary>
    public static bool IsDisk(DatabaseState state, string uuid) => state.Find(state.FindByUuid<VdiRecord>(uuid)) is { } vdi
        && vdi.Type != VdiType.Metadata && (vdi.Vbds.Count > 0 || state.Find(vdi.Sr) is { IntroducedBy.IsNull: true });

    private XenApiException Refusal(VolumeClaim claim, string why) => new(
        "OPERATION_NOT_ALLOWED",
        $"Nothing proves that the volume {claim.VdiUuid} holds the metadata of pool {claim.PoolUuid}: {why}. Nothing is recovered "
            + "from it unless you say so, "
        + "for it could be a disk that a guest has written such bytes onto. Look at what it says; if it is genuine: pool-param-set "
        + $"uuid={pool.State.Get(pool.Pool).Uuid} "
        + $"other-config:{AcceptedPrefix}{claim.VdiUuid}=true");

    private static KnownKey Parse(string text) => text.EndsWith(FirstLook, StringComparison.Ordinal)
        ? new(text[..^FirstLook.Length].Trim(), IsFromFirstLook: true)
        : new(text.Trim().Split(' ')[0].ToLowerInvariant(), IsFromFirstLook: false);
}
