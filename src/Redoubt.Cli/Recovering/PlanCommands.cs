using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands for plans that are kept under a name.</summary>
internal static class PlanCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Command.Make(
            "dr-plan-save", "Keeps what to recover and how under a name, in the pool's metadata, with which it travels to the other site.",
            SaveAsync) with
        {
            Required = ["name"],
            Optional = [.. DrRequest.Parameters, "kind", "keep"],
        },
        Command.Make(
            "dr-plan-list", "Lists the saved plans, those of other pools on attached storage too.",
            ListAsync) with { Optional = ["own", "json"] },
        Command.Make("dr-plan-rename", "Gives a saved plan another name; its schedules go on with it.", context =>
            new RecoveryDaemon(context).DoAsync((r, t) =>
                r.RenamePlanAsync(
                    context.Parameters.Get("name"), context.Parameters.Get("new-name"), t))) with { Required = ["name", "new-name"] },
        Command.Make("dr-hook-list", "Lists the scripts that a plan can name as hooks.", HooksAsync) with { Optional = ["json"] },
        Command.Make("dr-plan-remove", "Forgets a saved plan.", context =>
            new RecoveryDaemon(context).DoAsync(
                (r, t) => r.RemovePlanAsync(context.Parameters.Get("name"), t))) with { Required = ["name"] },
    ];

    private static async Task SaveAsync(CommandContext context)
    {
        var request = await DrRequest.OfAsync(context, DrPlanPolicy.KindOf(context.Parameters, RecoveryKind.Failover));
        await new RecoveryDaemon(context).DoAsync((r, t) => r.SavePlanAsync(context.Parameters.Get("name"), request.ToJson(), t));
    }

    private static async Task HooksAsync(CommandContext context)
    {
        var text = await new RecoveryDaemon(context).AskAsync((r, t) => r.ListHooksAsync(t));
        context.Terminal.Print(
            context.Parameters.Flag("json")
                ? text
                : PlainLines.Of(string.Concat(RecoveryJson.Read<List<string>>(text).Select(name => name + "\n"))));
    }

    private static async Task ListAsync(CommandContext context)
    {
        var (p, terminal, daemon) = (context.Parameters, context.Terminal, new RecoveryDaemon(context));
        var foreign = !p.Flag("own");
        if (p.Flag("json"))
        {
            terminal.Print(await daemon.AskAsync((r, t) => r.GetPlansAsync(foreign, t)));
            return;
        }

        var catalog = await daemon.PlansAsync(foreign);
        if (p.Minimal)
        {
            RecordPrinter.PrintMinimal(terminal, catalog.Plans.Select(x => x.Name));
            return;
        }

        var runs = await daemon.RunsAsync();
        TextTable.Write(terminal.Output, [
            ["name", "recovers", "of pool", "saved", "by", "last test", "volume"],
            .. catalog.Plans.Select(x => new[]
            {
                x.Name, Chosen(x.Request.Policy.Chosen), x.Origin?.PoolName ?? "this one", ShownMoments.Show(x.SavedAt), x.SavedBy,
                LastTest(runs, x), x.Origin?.Volume ?? "",
            })]);
        foreach (var problem in catalog.Problems)
        {
            terminal.ErrorLine(problem);
        }
    }

    private static string LastTest(IReadOnlyList<RunSummary> runs, SavedPlan plan) =>
        runs.FirstOrDefault(r => PlanTests.IsOf(r, plan)) is { } test
            ? $"{ShownMoments.Show(test.StartedAt)} {ShownMoments.Word(test.Phase)}"
            : "never";

    private static string Chosen(Selection chosen) => chosen.IsEverything()
        ? "everything"
        : string.Join(", ", chosen.Appliances.Select(a => $"vApp {a}").Concat(chosen.Vms).Concat(chosen.Tags.Select(t => $"tag {t}")));
}
