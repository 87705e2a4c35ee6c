using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands for tests that run by themselves.</summary>
internal static class ScheduleCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "dr-schedule-create",
            "Has a saved plan tested again and again: cron=\"30 2 * * 6\" (UTC, or after CRON_TZ=Europe/Paris). The "
                + "tests run with your rights.",
            CreateAsync) with
        {
            Required = ["plan", "cron"],
            Optional = ["name"],
        },
        Command.Make("dr-schedule-list", "Lists the schedules of tests, and how they went.", ListAsync) with { Optional = ["json"] },
        Command.Make("dr-schedule-remove", "Ends a schedule.", context =>
            new RecoveryDaemon(context).DoAsync(
                (r, t) => r.RemoveScheduleAsync(context.Parameters.Get("name"), t))) with { Required = ["name"] },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var p = context.Parameters;
        var schedule = await new RecoveryDaemon(context).ReadAsync<Schedule>(
            (r, t) => r.AddScheduleAsync(p.GetOr("name", p.Get("plan")), p.Get("plan"), p.Get("cron"), t));
        context.Terminal.ErrorLine($"Schedule {schedule.Name}: plan {schedule.Plan} is tested next at {ShownMoments.Show(schedule.Next)}.");
    }

    private static async Task ListAsync(CommandContext context)
    {
        var (p, daemon) = (context.Parameters, new RecoveryDaemon(context));
        if (p.Flag("json"))
        {
            context.Terminal.Print(await daemon.AskAsync((r, t) => r.GetSchedulesAsync(t)));
            return;
        }

        var schedules = await daemon.ReadAsync<List<Schedule>>((r, t) => r.GetSchedulesAsync(t));
        if (p.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, schedules.Select(s => s.Name));
            return;
        }

        TextTable.Write(context.Terminal.Output, [["name", "plan", "cron", "next", "by", "last"], .. schedules.Select(Row)]);
    }

    public static string Last(Schedule schedule)
    {
        var last = schedule.Last switch
        {
            null => "never run",
            { Failure: { } failure } refused => $"{ShownMoments.Show(refused.At)} NOT STARTED: {failure}",
            { Outcome: null } going => $"{ShownMoments.Show(going.At)} runs ({going.Run})",
            var ended => $"{ShownMoments.Show(ended.At)} {ShownMoments.Word(ended.Outcome!.Value)} ({ended.Run})",
        };
        return schedule.Missed > 0 ? $"{last}; MISSED {schedule.Missed} times, last {ShownMoments.Show(schedule.LastMissed)}" : last;
    }

    private static string[] Row(Schedule s) => [s.Name, s.Plan, s.Cron, ShownMoments.Show(s.Next), s.CreatedBy, Last(s)];
}
