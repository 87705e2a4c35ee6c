using Redoubt.Recovery;
using static Redoubt.Console.Recover.RecoverText;

namespace Redoubt.Console.Recover;

/// <summary>What the wizard says of plans: which of its words, and with what in them.</summary>
internal static class RecoverWords
{
    public static string BlockedBy(RecoveryPlan plan)
    {
        var blocks = plan.Findings.Where(f => f.Severity == Redoubt.Recovery.Severity.Block)
            .Select(f => BlockName(f.Object.Describe(), f.Code)).Distinct().ToList();
        var named = string.Join(", ", blocks.Take(3));
        return BlockedFor(blocks.Count > 3 ? AndMore(named) : named);
    }

    public static string Place(CopyFacts copy)
    {
        var place = Versioned(
            copy.VolumeUuid is { } volume ? PlaceOf(copy.PoolName, volume[..Math.Min(8, volume.Length)]) : PlaceHere, copy.Version);
        return (copy.LastRecordedAt ?? copy.WrittenAt) is { } moment ? AsOf(place, Spans.Exact(moment)) : place;
    }

    public static string ForecastOf(PlanForecast? forecast) => forecast switch
    {
        null or { Known.Ticks: 0, Unknown: > 0 } => NoForecast,
        { Unknown: 0 } => Spans.Words(forecast.Known),
        _ => AtLeastSteps(Spans.Words(forecast.Known), forecast.Unknown),
    };

    public static string Takes(PlanForecast? forecast) => forecast switch
    {
        null or { Known.Ticks: 0, Unknown: > 0 } => StripNoForecast,
        { Unknown: 0 } => StripTakes(Spans.Words(forecast.Known)),
        _ => StripTakesAtLeast(Spans.Words(forecast.Known)),
    };

    // A step on ten thousand VMs names them all.
    public static string Clip(string text) => text.Length <= 400 ? text : AndMore(text[..400]);
}
