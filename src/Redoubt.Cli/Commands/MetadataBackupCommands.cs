using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Output;

namespace Redoubt.Cli.Commands;

/// <summary>Dated backups of the pool's metadata on an SR.</summary>
internal static class MetadataBackupCommands
{
    private const long DefaultKept = 12;

    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "metadata-backup-create", "Keeps a copy of the pool's metadata, as it is now, on an SR; prints its date.", CreateAsync) with
        {
            Required = ["sr-uuid"],
            Optional = ["keep"],
        },
        Command.Make("metadata-backup-list", "Lists the metadata backups on an SR, the newest first.", ListAsync) with
        {
            Required = ["sr-uuid"],
            Optional = ["vdi-uuid", "json"],
        },
        new(
            "metadata-backup-restore", "Brings VMs, vApps and names back from a metadata backup; --dry-run only says what that would do.",
            RestoreAsync)
        {
            Required = ["sr-uuid"],
            Optional = ["vdi-uuid", "date", "mode", "force", "dry-run"],
        },
        Command.Make(
            "metadata-backup-schedule", "Has the pool make metadata backups on an SR: interval=hourly, daily, weekly or off.",
            ScheduleAsync) with
        {
            Required = ["sr-uuid", "interval"],
            Optional = ["keep"],
        },
    ];

    private static async Task CreateAsync(CommandContext context)
    {
        var kept = context.Parameters.FindInt("keep") ?? DefaultKept;
        var sr = await context.RefAsync("SR", "sr-uuid");
        context.Terminal.PrintLine((string)(await RunAsync(context, "Backing up", "SR.create_metadata_backup", sr, kept))!);
    }

    private static async Task ListAsync(CommandContext context)
    {
        var sr = await context.RefAsync("SR", "sr-uuid");
        var api = await context.ConnectAsync();
        var backups = await api.CallAsync<ImmutableList<ImmutableSortedDictionary<string, string>>>(
            "SR.get_metadata_backups", [sr, context.Parameters.GetOr("vdi-uuid", "")], context.CancellationToken);
        if (context.Parameters.Flag("json"))
        {
            RecordJson.PrintTexts(context.Terminal, backups);
            return;
        }

        if (context.Parameters.Minimal)
        {
            RecordPrinter.PrintMinimal(context.Terminal, backups.Select(b => Field(b, "date")));
            return;
        }

        context.Terminal.PrintLine($"{"date",-21}{"VMs",7}{"bytes",14}  vApps");
        foreach (var backup in backups)
        {
            context.Terminal.PrintLine(
                $"{Field(backup, "date"),-21}{Field(backup, "vms"),7}{Field(backup, "bytes"),14}  "
                    + $"{(Field(backup, "database") == "true" ? "yes" : "no")}");
        }
    }

    private static async Task<int> RestoreAsync(CommandContext context)
    {
        var p = context.Parameters;
        var sr = await context.RefAsync("SR", "sr-uuid");
        var outcomes = (ImmutableList<ImmutableSortedDictionary<string, string>>)(await RunAsync(
            context, "Restoring", "SR.restore_metadata_backup", sr, p.GetOr("vdi-uuid", ""), p.GetOr("date", ""), p.GetOr("mode", "all"),
            p.Flag("force"), p.Flag("dry-run")))!;
        foreach (var outcome in outcomes)
        {
            var detail = Field(outcome, "detail");
            context.Terminal.PrintLine(PlainLines.OneLine(
                $"{Field(outcome, "result")}: {Field(outcome, "class")} {Field(outcome, "name_label")} "
                    + $"({Field(outcome, "uuid")}){(detail.Length > 0 ? ": " + detail : "")}"));
        }

        var failed = outcomes.Count(o => Field(o, "result") == "failed");
        context.Terminal.PrintLine(
            $"{outcomes.Count - failed} of {outcomes.Count} "
                + $"{(p.Flag("dry-run") ? "would be restored. Dry run: nothing has been changed." : "restored.")}");
        return failed == 0 ? ExitCode.Success : failed < outcomes.Count ? ExitCode.Partial : ExitCode.Failure;
    }

    private static async Task ScheduleAsync(CommandContext context) => await context.CallAsync(
        "SR.set_metadata_backup_schedule", await context.RefAsync("SR", "sr-uuid"), context.Parameters.Get("interval"),
        context.Parameters.FindInt("keep") ?? DefaultKept);

    private static async Task<object?> RunAsync(CommandContext context, string label, string message, params object?[] arguments)
    {
        var api = await context.ConnectAsync();
        using var progress = new ProgressLine(context.Terminal, label, context.Time);
        return await api.RunTaskAsync(message, arguments, progress, cancellationToken: context.CancellationToken);
    }

    private static string Field(ImmutableSortedDictionary<string, string> row, string name) => row.GetValueOrDefault(name, "");
}
