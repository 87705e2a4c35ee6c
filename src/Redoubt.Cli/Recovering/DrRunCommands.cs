using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Cli.Output;
using Redoubt.Desk;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary>The commands that recover: each shows its plan, asks, starts it in the daemon, and shows how it goes.</summary>
internal static class DrRunCommands
{
    public static IEnumerable<Command> All { get; } =
    [
        Make(
            "dr-test", RecoveryKind.Test,
            "Starts copies of the VMs in networks of their own, says whether they are well, and removes them again.", "keep"),
        Make("dr-failover", RecoveryKind.Failover, "Recovers VMs whose site is lost. Shows the plan and asks first.", "yes"),
        Make(
            "dr-migrate", RecoveryKind.Migration,
            "Shuts VMs down at another site and starts them here, without loss. Shows the plan and asks first.", "yes"),
        Make(
            "dr-failback", RecoveryKind.Failback, "Brings VMs home from the site that took them in. Shows the plan and asks first.", "yes"),
    ];

    private static Command Make(string name, RecoveryKind kind, string help, string own) =>
        new(name, help, context => RunAsync(context, kind)) { Optional = [.. DrRequest.Parameters, own, "wait", "answer", "dry-run"] };

    private static async Task<int> RunAsync(CommandContext context, RecoveryKind kind)
    {
        var (p, terminal) = (context.Parameters, context.Terminal);
        var daemon = new RecoveryDaemon(context);
        var request = await DrRequest.OfAsync(context, kind);
        var planned = await daemon.PlanAsync(request);
        if (p.Find("resolve") == "all" && planned.Plan.IsBlocked)
        {
            request = DrRequest.Resolving(request, planned.Plan);
            planned = await daemon.PlanAsync(request);
        }

        await terminal.Error.WriteAsync(PlainLines.Of(planned.Plan.ToText() + planned.Forecast?.ToText()));
        await terminal.Error.FlushAsync(context.CancellationToken);
        if (planned.Plan.IsBlocked)
        {
            terminal.ErrorLine(Blocked(planned));
            return ExitCode.Blocked;
        }

        if (planned.Plan.Steps.IsEmpty || p.Flag("dry-run"))
        {
            return ExitCode.Success;
        }

        if (kind != RecoveryKind.Test)
        {
            Consent.Require(
                terminal, p, $"start this {kind.ToString().ToLowerInvariant()} to pool {planned.Plan.Target.Name}",
                request.Plan ?? planned.Plan.Target.Name);
        }

        string uuid;
        try
        {
            uuid = await daemon.StartAsync(request, planned.Digest);
        }
        catch (XenApi.XenApiException refused) when (refused.Code is "DR_PLAN_BLOCKED" or "DR_PLAN_CHANGED" or "DR_RUN_REFUSED")
        {
            await ErrorPrinter.PrintAsync(terminal, refused, null, CancellationToken.None);
            return ExitCode.Blocked;
        }

        if (!p.Flag("wait", true))
        {
            terminal.PrintLine(uuid);
            return ExitCode.Success;
        }

        terminal.ErrorLine($"Run {uuid}. Ctrl-C stops showing it, not the run.");
        return await new RunFollower(context, daemon).FollowAsync(uuid);
    }

    private static string Blocked(PlannedRecovery planned)
    {
        var blocks = planned.Plan.Findings.Where(f => f.Severity == Severity.Block).ToList();
        var mendable = blocks.Where(f => f.Fix is not null).Select(f => f.Code).Distinct(StringComparer.Ordinal).ToList();
        return "Nothing was started: the plan is blocked."
            + (mendable.Count == 0 ? "" : " What can be dealt with automatically is, and is undone with the run, if you say "
            + $"resolve={string.Join(',', mendable)}.");
    }
}
