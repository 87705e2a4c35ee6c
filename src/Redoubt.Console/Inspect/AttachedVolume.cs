using System.Collections.Immutable;
using System.Globalization;
using Redoubt.Database;
using Redoubt.Inspection;
using Redoubt.XenApi;
using T = Redoubt.Console.Inspect.InspectText;

namespace Redoubt.Console.Inspect;

/// <summary>Looks into a metadata volume on attached storage, as whoever asks may.</summary>
internal static class AttachedVolume
{
    public static async Task<DatabaseReport> ReadAsync(ConsolePool pool, XenApiClient api, Ref<VdiRecord> volume, string at)
    {
        var record = pool.State.Get(volume);
        var facts = await api.Vdi.GetMetadataFactsAsync(volume);
        var report = new DatabaseReport
        {
            Path = pool.State.Find(record.Sr)?.NameLabel is { Length: > 0 } sr ? T.OnSr(sr) : record.Uuid,
            Kind = "volume",
            Verdict = VerdictOf(facts),
            Explanation = facts.GetValueOrDefault("damage", ""),
            WrittenBy = facts.GetValueOrDefault("written-by") switch { "redoubt" => "Redoubt", var other => other },
            Standing = StandingReport.Of(facts),
            LostRecords = int.Parse(facts.GetValueOrDefault("lost-records", "0"), CultureInfo.InvariantCulture),
            EarlierStates = [.. (await FoundVolume.PointsAsync(api, volume))
                .Select(p => new EarlierState(long.Parse(p.At, CultureInfo.InvariantCulture), p.Time, p.Vms))],
        };
        if (report.Verdict is not (InspectVerdict.Intact or InspectVerdict.Cut or InspectVerdict.OlderHalf) && at.Length == 0)
        {
            return report;
        }

        var (state, damage) = await OpenAsync(pool, api, volume, at);
        var verdict = at.Length == 0 ? report.Verdict : damage is null ? InspectVerdict.Intact : InspectVerdict.Cut;
        return (report with
        {
            Verdict = verdict,
            Explanation = damage is not null ? T.Cut(state.Generation, damage) : at.Length == 0 ? T.Intact(state.Generation) : T.IntactAt(state.Generation),
            Generation = state.Generation,
            LostRecords = at.Length == 0 ? report.LostRecords : 0,
            StateWritten = at.Length == 0 && facts.TryGetValue("written-at", out var written)
                ? XenTypes.DateTime.Decode(written)
                : report.EarlierStates.FirstOrDefault(s => s.Generation == state.Generation)?.WrittenAt,
            NewestTime = PoolContents.NewestTime(state),
            Content = PoolContents.Of(state, null),
        }).WithMomentWarnings(pool.Time.GetUtcNow());
    }

    // The session is what the API gives out and takes back; its state is read here rather than fetched by a hundred calls.
    private static async Task<(DatabaseState State, string? Damage)> OpenAsync(
        ConsolePool pool, XenApiClient api, Ref<VdiRecord> volume, string at)
    {
        var session = at.Length == 0
            ? await api.Vdi.OpenDatabaseAsync(volume)
            : await api.Vdi.OpenDatabaseAtAsync(volume, at);
        try
        {
            var opened = pool.Services.Sessions.Peek(session)?.Foreign ?? throw new XenApiException("SESSION_INVALID", session.Opaque);
            return (opened, pool.State.Find(session)?.OtherConfig.GetValueOrDefault("damage"));
        }
        finally
        {
            await new SessionClient(api.WithSession(session)).LogoutAsync();
        }
    }

    private static InspectVerdict VerdictOf(ImmutableSortedDictionary<string, string> facts) => facts.GetValueOrDefault("verdict") switch
    {
        "intact" => InspectVerdict.Intact,
        "cut" => facts.GetValueOrDefault("taken-from") is "log" or null ? InspectVerdict.Cut : InspectVerdict.OlderHalf,
        "empty" => InspectVerdict.Empty,
        "not-a-redo-log" => InspectVerdict.NotADatabase,
        "unusable" => InspectVerdict.Unusable,
        _ => InspectVerdict.Unreadable,
    };
}
