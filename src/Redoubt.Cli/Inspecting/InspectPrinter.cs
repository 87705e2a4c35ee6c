using Redoubt.Cli.Output;
using Redoubt.Inspection;

namespace Redoubt.Cli.Inspecting;

/// <summary>
/// Prints a report for people: the verdict first, then whose it is, then what can be recovered from it, in the order of starting.
/// </summary>
internal sealed class InspectPrinter(Terminal terminal)
{
    public void Print(InspectReport report, string? vm)
    {
        if (report.Kind != "location")
        {
            PrintDatabase(report.Databases[0], vm, inFull: true);
            return;
        }

        Line(
            $"{report.Path}: a location with {PlainText.Count(report.Srs.Count, "SR")} and "
                + $"{PlainText.Count(report.Databases.Count, "metadata volume")}");
        if (report.Problem is { } problem)
        {
            Line($"  {PlainText.Clean(problem)}");
        }

        foreach (var sr in report.Srs)
        {
            Line("");
            Line($"SR {sr.Uuid}  {(sr.NameLabel is null ? "(no database tells its name)" : PlainText.Clean(sr.NameLabel))}");
            Line(sr.Unreadable is { } reason ? $"  CAN'T BE READ: {PlainText.Clean(reason)}" : sr.MetadataVolumes == 0 ? "  no metadata volume" : "");
            foreach (var database in report.Databases.Where(d => d.SrUuid == sr.Uuid))
            {
                PrintDatabase(database, vm, inFull: vm is not null);
            }
        }

        if (report.Databases.Count > 0 && vm is null)
        {
            Line("");
            Line("All of one: redoubt inspect VOLUME");
        }
    }

    private void PrintDatabase(DatabaseReport database, string? vm, bool inFull)
    {
        Line($"{database.Path}");
        Line($"{Headline(database.Verdict)}  {PlainText.Clean(database.Explanation)}");
        foreach (var damage in database.Damage)
        {
            Line($"  damage at byte {damage.Offset}: {PlainText.Clean(damage.Explanation)}");
        }

        if (database.UnfinishedRecords > 0)
        {
            Line(
                $"  {PlainText.Count(database.UnfinishedRecords, "change")} at the end had been begun and not acknowledged; nothing that "
                    + "was promised is missing with them.");
        }

        foreach (var warning in database.Warnings)
        {
            Line($"  WARNING: {PlainText.Clean(warning)}");
        }

        if (database.Content is not { } content)
        {
            return;
        }

        PrintOrigin(database, content);
        if (inFull)
        {
            new ContentPrinter(terminal, content).Print(vm);
        }
        else
        {
            Line($"  Holds      {PlainText.Count(content.Appliances.Count, "vApp")}, {PlainText.Count(content.Vms.Count, "VM")}: {string.Join(", ", content.Vms.Take(8).Select(v => PlainText.Clean(v.NameLabel)))}{(content.Vms.Count > 8 ? ", …" : "")}");
        }
    }

    private void PrintOrigin(DatabaseReport database, PoolContent content)
    {
        if (content.Pool is { } pool)
        {
            Line($"  Pool       {PlainText.Clean(pool.NameLabel)}  ({pool.Uuid})");
        }

        Line($"  Generation {database.Generation}, schema {database.Schema}{(database.WrittenBy is { } by ? $", written by {by}" : "")}");
        if (database.Standing is { } standing)
        {
            Line($"  Standing   {PlainText.Clean(standing.Explanation)}");
        }

        if (database.StateWritten is { } state)
        {
            Line($"  Changed    last at {PlainText.Time(state)}");
        }

        if (database.NewestTime is { } newest)
        {
            Line($"  Newest     {PlainText.Time(newest)} is the latest time recorded in it; it was changed then or later");
        }

        if (database.EarlierStates is [var last, ..] states)
        {
            Line(
                $"  Earlier    {PlainText.Count(states.Count, "state")} between {PlainText.Time(states[^1].WrittenAt)} and "
                    + $"{PlainText.Time(last.WrittenAt)} can be read with --at TIME");
        }

        if (database.FileWritten is { } written)
        {
            Line($"  File       last written {PlainText.Time(written)}");
        }
    }

    private static string Headline(InspectVerdict verdict) => verdict switch
    {
        InspectVerdict.Intact => "INTACT.",
        InspectVerdict.Cut => "CUT.",
        InspectVerdict.OlderHalf => "OLDER STATE ONLY.",
        InspectVerdict.Empty => "EMPTY.",
        InspectVerdict.Unusable => "UNUSABLE.",
        InspectVerdict.NotADatabase => "NOT A DATABASE.",
        InspectVerdict.Unreadable => "UNREADABLE.",
    };

    private void Line(string text) => terminal.PrintLine(text);
}
