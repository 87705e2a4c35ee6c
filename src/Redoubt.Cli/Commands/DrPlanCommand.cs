using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Connections;
using Redoubt.Cli.Output;
using Redoubt.Cli.Recovering;
using Redoubt.Recovery;

namespace Redoubt.Cli.Commands;

/// <summary>
/// Says what a recovery would do, and what stands in its way. It reads, and writes nothing but the file that it is told to.
/// </summary>
internal static class DrPlanCommand
{
    // A database of ten thousand VMs is read in less; what takes longer is stuck, and the plan is wanted now.
    private static readonly TimeSpan ReadLimit = TimeSpan.FromMinutes(3);

    public static IEnumerable<Command> All { get; } =
    [
        new("dr-plan", "Says what a recovery would do, and what stands in its way; changes nothing.", RunAsync)
        {
            IsForThisMachine = true,
            Optional = [.. DrRequest.Parameters, "kind", "source-pwf", "json", "inventory-to", "inventory-from", "diff"],
        },
    ];

    private static async Task<int> RunAsync(CommandContext context)
    {
        var p = context.Parameters;
        // Everything that can be wrong with the command line is found before a server is asked.
        var kind = DrPlanPolicy.KindOf(p, RecoveryKind.Failover);
        var request = DrPlanPolicy.RequestOf(p, new() { Policy = new() { Kind = kind } });
        var earlier = p.Find("diff") is { } file ? Read("diff", file, RecoveryPlan.FromJson) : null;
        var asJson = p.Flag("json");
        var (plan, forecast) = NeedsDaemon(p) is { } why
            ? await InDaemonAsync(context, kind, why)
            : await HereAsync(context, request, isForPeople: !asJson && earlier is null);
        if (earlier is not null)
        {
            var diff = PlanDiff.Between(earlier, plan);
            context.Terminal.Print(asJson ? diff.ToJson() : PlainLines.Of(diff.ToText()));
        }
        else
        {
            context.Terminal.Print(asJson ? plan.ToJson() : PlainLines.Of(plan.ToText() + forecast?.ToText()));
        }

        return plan.IsBlocked ? ExitCode.Blocked : ExitCode.Success;
    }

    // What only a daemon knows: its saved plans, and its sites with their passwords.
    private static string? NeedsDaemon(Parameters p) => p.Find("plan") is not null ? "plan=" : p.Find("target") is not null ? "target="
        : p.Find("source") is not null && p.Find("source-pwf") is null ? "source= without source-pwf="
        : p.Find("from") is null ? null : throw new UsageException("from= needs plan=, the name of the saved plan.");

    private static async Task<(RecoveryPlan Plan, PlanForecast? Forecast)> InDaemonAsync(
        CommandContext context, RecoveryKind kind, string why)
    {
        if (new[] { "inventory-to", "inventory-from", "source-pwf" }.FirstOrDefault(k => context.Parameters.Find(k) is not null) is { } local)
        {
            throw new UsageException($"With {why} the daemon looks and plans, and {local}= says that this machine does. Give one of them.");
        }

        var daemon = new RecoveryDaemon(context);
        var request = await DrRequest.OfAsync(context, kind);
        var planned = await daemon.PlanAsync(request);
        if (context.Parameters.Find("resolve") == "all" && planned.Plan.IsBlocked)
        {
            planned = await daemon.PlanAsync(DrRequest.Resolving(request, planned.Plan));
        }

        return (planned.Plan, planned.Forecast);
    }

    private static async Task<(RecoveryPlan Plan, PlanForecast? Forecast)> HereAsync(
        CommandContext context, RecoveryRequest request, bool isForPeople)
    {
        var p = context.Parameters;
        var inventory = p.Find("inventory-from") is { } from
            ? Saved(p, from)
            : await GatherAsync(context, request.ToInventoryRequest([.. Source(context)]));
        if (p.Find("inventory-to") is { } to)
        {
            FileWords.Write($"inventory-to={to}", to, inventory.ToJson());
        }

        var plan = Planner.Plan(request.Policy, inventory);
        plan = p.Find("resolve") == "all" && plan.IsBlocked ? Planner.Plan(DrRequest.Resolving(request, plan).Policy, inventory) : plan;
        return (plan, isForPeople && p.Find("inventory-from") is null ? await new RecoveryDaemon(context).ForecastAsync(plan) : null);
    }

    private static async Task<Inventory> GatherAsync(CommandContext context, InventoryRequest request) =>
        await new InventoryReader(await context.ConnectAsync(), context.Time, ReadLimit).ReadAsync(request, context.CancellationToken);

    // Where it is and who logs in is checked now; whether it answers is a fact of the inventory.
    private static IEnumerable<OtherPool> Source(CommandContext context)
    {
        var p = context.Parameters;
        if (p.Find("source") is not { } server)
        {
            return p.Find("source-pwf") is null
                ? []
                : throw new UsageException("source-pwf= needs source=, the address of the source pool.");
        }

        var options = new GlobalOptions
        {
            Server = server,
            PasswordFile = p.Find("source-pwf") ?? throw new UsageException("source= needs source-pwf=FILE."),
        };
        var (url, credentials) = (ServerAddress.Of(options), Credentials.Of(options));
        return [new OtherPool(server, token => context.ConnectToAsync(url, credentials, token))];
    }

    private static Inventory Saved(Parameters p, string file) =>
        p.All.FirstOrDefault(
            a => a.Key is "sr-uuid" or "type" or "source" or "source-pwf"
                || a.Key.StartsWith("device-config:", StringComparison.Ordinal)) is { Key: { } extra }
            ? throw new UsageException($"{extra}= says what to look at, but inventory-from= has looked already. Give one of them.")
            : Read("inventory-from", file, Inventory.FromJson);

    private static T Read<T>(string parameter, string file, Func<string, T> parse)
    {
        var text = FileWords.ReadAll($"{parameter}={file}", file);
        try
        {
            return parse(text);
        }
        catch (FormatException wrong)
        {
            throw new UsageException($"{parameter}={file} can't be read: {wrong.Message}");
        }
    }
}
