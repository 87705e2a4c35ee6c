using System.Collections.Immutable;
using Redoubt.Database;
using Redoubt.Database.Journal;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>How good a metadata volume is: what was read is what is reported. A fact that is not known is left out.</summary>
internal static class MetadataFacts
{
    /// <summary>Reads the volume at a path, without writing a byte.</summary>
    public static ImmutableSortedDictionary<string, string> Read(string path)
    {
        try
        {
            return Of(JournalReader.Read(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Map(("verdict", "unreadable"), ("damage", e.Message));
        }
    }

    private static ImmutableSortedDictionary<string, string> Of(JournalVerdict verdict) => verdict switch
    {
        JournalVerdict.Intact intact => Of(intact.Content, ("verdict", "intact"), ("lost-records", "0")),
        JournalVerdict.CutAt cut => Of(
            cut.Content,
            ("verdict", "cut"),
            ("lost-records", $"{cut.LostRecords}"),
            ("last-seen-generation", cut.LastSeenGeneration is { } last ? $"{last}" : null),
            ("last-seen-at", Moment(cut.LastSeenAt)),
            ("damage", string.Join(" ", cut.Damage.Select(d => d.Explanation))),
            ("taken-from", cut.Content.History is not null ? "history" : cut.FromOtherHalf ? "other-half" : "log")),
        JournalVerdict.Empty => Map(("verdict", "empty")),
        JournalVerdict.NotARedoLog wrong => Map(("verdict", "not-a-redo-log"), ("damage", wrong.Found)),
        JournalVerdict.Unusable bad => Map(("verdict", "unusable"), ("damage", string.Join(" ", bad.Damage.Select(d => d.Explanation)))),
        var other => throw new InvalidOperationException($"unknown verdict {other}"),
    };

    private static ImmutableSortedDictionary<string, string> Of(JournalContent content, params (string Key, string? Value)[] more)
    {
        var pool = StateDump.FromDump(content.Database).All<PoolRecord>().Select(p => p.Record).FirstOrDefault();
        return Map(
        [
            .. more,
            ("generation", $"{content.Generation}"),
            ("written-at", Moment(content.WrittenAt)),
            ("pool-uuid", pool?.Uuid),
            ("pool-name", pool?.NameLabel),
            ("proof", content.Proof.Standing.ToString().ToLowerInvariant()),
            ("written-by", content.WrittenByRedoubt ? "redoubt" : "xapi"),
        ]);
    }

    private static string? Moment(DateTimeOffset? moment) => moment is { } known ? MomentText.Of(known) : null;

    private static ImmutableSortedDictionary<string, string> Map(params (string Key, string? Value)[] facts) =>
        facts.Where(f => f.Value is not null).ToImmutableSortedDictionary(f => f.Key, f => f.Value!);
}
