using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Database;
using Redoubt.Desk;
using Redoubt.Inspection;
using Redoubt.XenApi;

namespace Redoubt.Console.Inspect;

/// <summary>Another pool's metadata volume on attached storage.</summary>
/// <param name="Ref">Its VDI.</param>
/// <param name="Uuid">The VDI's UUID.</param>
/// <param name="Sr">Where it lies.</param>
/// <param name="PoolName">Whose it is.</param>
/// <param name="WrittenAt">When it was written last; null if it does not tell.</param>
/// <param name="Verdict">How good it is.</param>
/// <param name="Damage">What is wrong with it.</param>
public sealed record FoundVolume(
    Ref<VdiRecord> Ref, string Uuid, SrView Sr, string PoolName, DateTimeOffset? WrittenAt, string Verdict, string Damage)
{
    /// <summary>Whether it can be believed; null if this pool does not tell.</summary>
    public StandingReport? Standing { get; init; }

    internal static async Task<List<FoundVolume>> AllAsync(XenApiClient api, DatabaseState state, ProtectionFacts facts)
    {
        var found = new List<FoundVolume>();
        foreach (var sr in facts.Srs.Where(s => s.IsAttached))
        {
            foreach (var volume in sr.ForeignVolumes)
            {
                found.Add(await ReadAsync(api, state, sr, volume));
            }
        }

        return found;
    }

    /// <summary>The earlier states on it, the newest first.</summary>
    internal Task<List<(string At, DateTimeOffset Time, int Vms)>> PointsAsync(XenApiClient api) => PointsAsync(api, Ref);

    internal static async Task<List<(string At, DateTimeOffset Time, int Vms)>> PointsAsync(XenApiClient api, Ref<VdiRecord> volume)
    {
        try
        {
            var states = await api.Vdi.GetDatabaseHistoryAsync(volume);
            return [.. states.Select(s => (s["generation"], XenTypes.DateTime.Decode(s["time"]), int.Parse(s["vms"], CultureInfo.InvariantCulture))).OrderByDescending(s => s.Item2)];
        }
        catch (XenApiException)
        {
            // A volume that xapi wrote has no history, and its condition is shown beside it.
            return [];
        }
    }

    private static async Task<FoundVolume> ReadAsync(XenApiClient api, DatabaseState state, SrView sr, Ref<VdiRecord> volume)
    {
        var uuid = state.Get(volume).Uuid;
        try
        {
            var facts = await api.Vdi.GetMetadataFactsAsync(volume);
            return new(
                volume, uuid, sr, facts.GetValueOrDefault("pool-name") ?? facts.GetValueOrDefault("pool-uuid", uuid),
                facts.TryGetValue("written-at", out var at) ? XenTypes.DateTime.Decode(at) : null, facts.GetValueOrDefault("verdict", ""),
                facts.GetValueOrDefault("damage", ""))
            {
                Standing = StandingReport.Of(facts),
            };
        }
        catch (XenApiException unreadable)
        {
            return new(volume, uuid, sr, uuid, null, "unreadable", Refusals.Sentence(unreadable, state));
        }
    }
}
