using System.Collections.Immutable;
using System.Globalization;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>How the copy of the database on a protected SR stands.</summary>
/// <param name="Health"><c>healthy</c>, <c>catching-up</c>, <c>broken</c>, <c>superseded</c> or <c>detached</c>.</param>
/// <param name="Behind">How many changes it lacks; null if that is not known.</param>
/// <param name="BrokenSince">Since when nothing can be written.</param>
/// <param name="Reason">Why.</param>
/// <param name="HistoryProblem">Why the last state that was due for the history is not in it; null when it is.</param>
public sealed record Replication(string Health, long? Behind, DateTimeOffset? BrokenSince, string Reason, string? HistoryProblem)
{
    /// <summary>Of one that nobody knows anything of.</summary>
    public static Replication Unknown { get; } = new("detached", null, null, "", null);

    /// <summary>The mark that it gets.</summary>
    public string Kind => Health switch
    {
        "healthy" => "ok",
        "catching-up" => "busy",
        _ => "bad",
    };

    /// <summary>Asks the server how the protected ones of some SRs stand.</summary>
    public static async Task<ImmutableDictionary<string, Replication>> AskAsync(
        XenApiClient api, IEnumerable<SrView> srs, CancellationToken cancellationToken)
    {
        var found = ImmutableDictionary.CreateBuilder<string, Replication>();
        foreach (var sr in srs.Where(s => s.IsProtected))
        {
            var state = await api.Sr.GetDatabaseReplicationStateAsync(sr.Ref, cancellationToken);
            if (state.GetValueOrDefault("enabled") != "true")
            {
                // It has been switched off since.
                continue;
            }

            found[sr.Uuid] = new(
                state.GetValueOrDefault("health", "detached"),
                state.TryGetValue("generations_behind", out var behind) ? long.Parse(behind, CultureInfo.InvariantCulture) : null,
                state.TryGetValue("broken_since", out var since) || state.TryGetValue("superseded_since", out since)
                    ? XenTypes.DateTime.Decode(since)
                    : null,
                state.GetValueOrDefault("reason", ""),
                state.GetValueOrDefault("history_problem"));
        }

        return found.ToImmutable();
    }
}
