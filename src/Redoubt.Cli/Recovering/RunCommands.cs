using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands for runs that there are.</summary>
internal static class RunCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make("dr-run-list", "Lists recoveries and tests, the newest first.", ListAsync) with { Optional = ["json"] },
        new(
            "dr-run-show", "Shows a run; with follow=true until it is over.",
            ShowAsync) { Required = ["uuid"], Optional = ["follow", "json", "answer"] },
        Order(
            "dr-run-pause", "Has a run begin nothing new; what it has begun is ended first, and resume has it go on.", RunPhase.Paused,
            (r, uuid, t) => r.PauseAsync(uuid, t)),
        new(
            "dr-run-resume", "Goes on with an interrupted or paused run.",
            ResumeAsync) { Required = ["uuid"], Optional = ["wait", "answer"] },
        new(
            "dr-run-undo", "Takes a run back, the last step first. Asks first.",
            UndoAsync) { Required = ["uuid"], Optional = ["yes", "wait", "answer"] },
        Order(
            "dr-run-cancel", "Stops a run; what it has begun is ended first.", RunPhase.Cancelled, (r, uuid, t) => r.CancelAsync(uuid, t)),
        new(
            "dr-run-answer", "Answers what a run asks, and shows how it goes on.",
            AnswerAsync) { Required = ["uuid", "answer"], Optional = ["wait"] },
        // Of a test that was interrupted it is an undo.
        Order(
            "dr-test-cleanup", "Removes the copies of a test that was left up.", RunPhase.Undone,
            (r, uuid, t) => r.CleanUpTestAsync(uuid, t)),
        Command.Make(
            "dr-report", "Prints the report of a run, or writes it to a file.",
            context => ReportAsync(
                context, (r, format, t) => r.GetReportAsync(context.Parameters.Get("uuid"), format, t))) with
        {
            Required = ["uuid"],
            Optional = ["format", "file"],
        },
        Command.Make(
            "dr-summary", "Prints what a month was (2026-11): tests, recoveries, targets, copies that were broken; or writes it to a file.",
            context => ReportAsync(
                context, (r, format, t) => r.GetSummaryAsync(context.Parameters.Get("month"), format, t))) with
        {
            Required = ["month"],
            Optional = ["format", "file"],
        },
    ];

    private static Command Order(string name, string help, RunPhase wanted, Func<RecoveryClient, string, CancellationToken, Task> order) =>
        new(name, help, context => OrderAsync(context, wanted, order)) { Required = ["uuid"], Optional = ["wait", "answer"] };

    private static async Task ListAsync(CommandContext context)
    {
        var daemon = new RecoveryDaemon(context);
        if (context.Parameters.Flag("json"))
        {
            context.Terminal.Print(await daemon.AskAsync((r, t) => r.GetRunsAsync(t)));
            return;
        }

        var runs = await daemon.RunsAsync();
        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, runs.Select(r => r.Uuid));
            return;
        }

        TextTable.Write(context.Terminal.Output, [
            ["uuid", "kind", "plan", "phase", "started", "ended", "healthy", "by"],
            .. runs.Select(r => new[]
            {
                r.Uuid, ShownMoments.Word(r.Kind), r.PlanName ?? "", ShownMoments.Word(r.Phase), ShownMoments.Show(r.StartedAt),
                ShownMoments.Show(r.EndedAt),
                ShownMoments.Of(r.Tally()), r.StartedBy,
            })]);
    }

    private static async Task<int> ShowAsync(CommandContext context)
    {
        var daemon = new RecoveryDaemon(context);
        var uuid = context.Parameters.Get("uuid");
        if (context.Parameters.Flag("follow"))
        {
            return await new RunFollower(context, daemon).FollowAsync(uuid);
        }

        var run = await daemon.RunAsync(uuid);
        context.Terminal.Print(context.Parameters.Flag("json") ? run.ToJson() : PlainLines.Of(RunText.Write(run)));
        return ExitCode.Success;
    }

    private static async Task<int> OrderAsync(
        CommandContext context, RunPhase wanted, Func<RecoveryClient, string, CancellationToken, Task> order)
    {
        var (p, daemon) = (context.Parameters, new RecoveryDaemon(context));
        var uuid = p.Get("uuid");
        await daemon.DoAsync((r, t) => order(r, uuid, t));
        return p.Flag("wait", true) ? await new RunFollower(context, daemon).FollowAsync(uuid, wanted) : ExitCode.Success;
    }

    private static async Task<int> UndoAsync(CommandContext context)
    {
        var run = await new RecoveryDaemon(context).RunAsync(context.Parameters.Get("uuid"));
        Consent.Require(
            context.Terminal, context.Parameters,
            $"take back the {ShownMoments.Word(run.Plan.Kind)} of {ShownMoments.Show(run.StartedAt)} ({run.Vms.Length} VMs)",
            run.Request.Plan ?? run.Plan.Target.Name);
        return await OrderAsync(context, RunPhase.Undone, (r, uuid, t) => r.UndoAsync(uuid, t));
    }

    private static async Task<int> ResumeAsync(CommandContext context)
    {
        var run = await new RecoveryDaemon(context).RunAsync(context.Parameters.Get("uuid"));
        return await OrderAsync(context, run.IsBackward ? RunPhase.Undone : RunPhase.Succeeded, (r, uuid, t) => r.ResumeAsync(uuid, t));
    }

    private static Task<int> AnswerAsync(CommandContext context) =>
        OrderAsync(context, RunPhase.Succeeded, (r, uuid, t) => r.AnswerAsync(uuid, context.Parameters.Get("answer"), t));

    private static async Task ReportAsync(
        CommandContext context, Func<RecoveryClient, string, CancellationToken, Task<string>> get)
    {
        var p = context.Parameters;
        if (p.Find("format") == "pdf")
        {
            var pdf = p.Find("file") ?? throw new UsageException("format=pdf needs file=, the file to write.");
            var html = await new RecoveryDaemon(context).AskAsync((r, t) => get(r, "html", t));
            await PdfPrinter.PrintAsync(html, pdf, context.CancellationToken);
            return;
        }

        var report = await new RecoveryDaemon(context).AskAsync((r, t) => get(r, p.GetOr("format", "markdown"), t));
        if (p.Find("file") is not { } file)
        {
            context.Terminal.Print(p.GetOr("format", "markdown") == "json" ? report : PlainLines.Of(report));
            return;
        }

        FileWords.Write($"file={file}", file, report);
    }
}
