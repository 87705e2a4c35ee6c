using System.Globalization;
using Redoubt.Database.Journal;

namespace Redoubt.Inspection;

/// <summary>Reports on a metadata volume, by what its reader says of it. Pure.</summary>
internal static class VolumeReports
{
    public static DatabaseReport Of(string path, JournalVerdict verdict, InspectQuery query) => verdict switch
    {
        JournalVerdict.Intact intact => Intact(path, intact.Content, query),
        JournalVerdict.CutAt cut => Cut(path, cut, query),
        JournalVerdict.Empty empty => Without(path, InspectVerdict.Empty, empty.LeftBehind is { } left
            ? Say($"It is a metadata volume that says it is empty, yet a database of generation {left} still lies in it. Emptying changes one byte, and so does an accident.")
            : "It is a metadata volume to which no database has been written."),
        JournalVerdict.NotARedoLog other =>
            Without(
                path,
                InspectVerdict.NotADatabase,
                "It is neither a metadata volume nor a database dump."
                    + (query.TellsBytes ? $" It begins with {other.Found}." : "")) with
            { Kind = "unknown" },
        JournalVerdict.Unusable bad => Without(
            path, InspectVerdict.Unusable, "It is a metadata volume, but neither of its halves holds a database that can be used.") with
        {
            Damage = [.. bad.Damage.Select(Report)],
        },
        _ => throw new InvalidOperationException($"unknown verdict {verdict}"),
    };

    private static DatabaseReport Intact(
        string path, JournalContent content, InspectQuery query) => WithPool(Describe(path, content, query) with
        {
            Verdict = InspectVerdict.Intact,
            Explanation = Say($"It is a metadata volume, intact at generation {content.Generation}.{Form(content)}"),
        });

    private static DatabaseReport Cut(string path, JournalVerdict.CutAt cut, InspectQuery query)
    {
        var lost = cut.LastSeenGeneration is { } last
            ? Say($" {cut.LostRecords} later record(s), up to generation {last}, were seen and can't be used.")
            : "";
        var older = cut.FromOtherHalf ? " It was taken from the older half, because the half that counts can't be used." : "";
        return WithPool(Describe(path, cut.Content, query) with
        {
            Verdict = cut.FromOtherHalf ? InspectVerdict.OlderHalf : InspectVerdict.Cut,
            Explanation = Say($"It is a metadata volume, readable up to generation {cut.Content.Generation}; what was written after that is lost.{older}{lost}{Form(cut.Content)}"),
            Damage = [.. cut.Damage.Select(Report)],
            LostRecords = cut.LostRecords,
            LastSeenGeneration = cut.LastSeenGeneration,
        });
    }

    private static DatabaseReport Describe(string path, JournalContent content, InspectQuery query)
    {
        var report = DumpReports.Describe(path, content.Database, query.Vm);
        return report with
        {
            Kind = "volume",
            WrittenBy = content.WrittenByRedoubt ? "Redoubt" : "xapi",
            Standing = StandingReport.Of(content, report.Content!.Pool?.Uuid, query),
            StateWritten = content.WrittenAt,
            UnfinishedRecords = content.DiscardedUnfinished,
        };
    }

    private static string Form(JournalContent content) =>
        content.IsLarge
            ? " The database is larger than xapi's format takes, so only Redoubt can read this volume; xapi finds it empty."
            : "";

    private static DatabaseReport WithPool(DatabaseReport report) => report.Content!.Pool is null
        ? report with { Verdict = InspectVerdict.Unusable, Explanation = report.Explanation + " But no pool is in the database." }
        : report;

    private static DatabaseReport Without(string path, InspectVerdict verdict, string explanation) =>
        new() { Path = path, Kind = "volume", Verdict = verdict, Explanation = explanation };

    private static DamageReport Report(JournalDamage damage) =>
        new(System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(damage.Kind.ToString()), damage.Offset, damage.Explanation);

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
