using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary><c>dr-status</c>: whether a disaster could come, on one screen, what is wrong first.</summary>
internal static class StatusCommand
{
    // More would push the rest off the screen; --json has all.
    private const int MostShown = 12;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "dr-status",
            "Shows what is protected and how fresh it is, plans and their last tests, sites, and what is wrong.",
            RunAsync) with { Optional = ["json"] },
    ];

    private static async Task RunAsync(CommandContext context)
    {
        var text = await new RecoveryDaemon(context).AskAsync((r, t) => r.GetStatusAsync(t));
        context.Terminal.Print(context.Parameters.Flag("json") ? text : PlainLines.Of(Text(RecoveryJson.Read<DrStatus>(text))));
    }

    public static string Text(DrStatus status)
    {
        using var text = new StringWriter { NewLine = "\n" };
        text.WriteLine($"Pool {status.Pool.Name} ({status.Pool.Uuid}), {ShownMoments.Show(status.At)}");
        text.WriteLine(status.Problems.IsEmpty ? "Nothing is wrong." : status.Problems.Length == 1 ? "1 thing needs attention:" : $"{status.Problems.Length} things need attention:");
        foreach (var problem in status.Problems)
        {
            text.WriteLine($"  ! {problem}");
        }

        Section(
            text, "Protected SRs", ["name", "health", "behind", "uuid"], status.Protected,
            s => [s.Name, s.Health, s.GenerationsBehind is { } behind ? $"{behind}" : "?", s.Uuid]);
        Section(text, "VMs without protection", ["name", "why", "uuid"], status.Unprotected, v => [v.Vm.Name, v.Reason, v.Vm.Uuid]);
        Section(text, "Metadata of other pools here", ["pool", "written", "on", "state", "volume"], status.Found, f =>
            [f.PoolName ?? "?", f.WrittenAt is { } at ? ShownMoments.Ago(at, status.At) : "?", f.SrName, f.Verdict ?? "?", f.Volume]);
        Section(text, "Plans", ["name", "of pool", "last test", "when"], status.Plans, p =>
            [
                p.Plan.Name, p.Plan.Origin?.PoolName ?? "this one",
                p.LastTest is { } t ? $"{ShownMoments.Word(t.Phase)}, {t.Tally().ToText()}" : "never",
                p.LastTest is { } test ? ShownMoments.Ago(test.StartedAt, status.At) : "",
            ]);
        Section(
            text, "Targets", ["of", "RPO", "RTO"], status.Targets, t => TargetCommands.Rows([t]).Single()[..3]);
        Section(
            text, "Schedules of tests", ["name", "plan", "next", "last"], status.Schedules,
            s => [s.Name, s.Plan, ShownMoments.Show(s.Next), ScheduleCommands.Last(s)]);
        Section(
            text, "Runs that are not over", ["uuid", "kind", "phase", "healthy", "by"], status.Runs,
            r => [r.Uuid, ShownMoments.Word(r.Kind), ShownMoments.Word(r.Phase), ShownMoments.Of(r.Tally()), r.StartedBy]);
        Section(
            text, "Sites", ["name", "pool", "answers", "address"], status.Sites,
            s => [s.Site.Name, s.Site.PoolName, s.IsReachable == true ? "yes" : "NO", s.Site.Address]);
        return text.ToString();
    }

    private static void Section<T>(TextWriter text, string title, string[] heading, IReadOnlyCollection<T> rows, Func<T, string[]> row)
    {
        if (rows.Count == 0)
        {
            return;
        }

        text.Write($"\n{title}\n");
        TextTable.Write(text, [heading, .. rows.Take(MostShown).Select(row)], "  ");
        if (rows.Count > MostShown)
        {
            text.Write($"  and {rows.Count - MostShown} more (--json shows all)\n");
        }
    }
}
