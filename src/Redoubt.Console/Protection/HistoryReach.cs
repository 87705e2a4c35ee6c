using Redoubt.XenApi;

namespace Redoubt.Console.Protection;

/// <summary>How far back the earlier states on a metadata volume go.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Oldest">When the oldest was written; null if there is none.</param>
/// <param name="Trouble">Why that is not known; null if it is.</param>
public sealed record HistoryReach(int Count, DateTimeOffset? Oldest, string? Trouble)
{
    /// <summary>Asks the server.</summary>
    public static async Task<HistoryReach> AskAsync(XenApiClient api, Ref<VdiRecord> volume)
    {
        ArgumentNullException.ThrowIfNull(api);
        var states = await api.Vdi.GetDatabaseHistoryAsync(volume);
        return new(states.Count, states.Count == 0 ? null : states.Min(s => XenTypes.DateTime.Decode(s["time"])), null);
    }
}
