using System.Collections.Immutable;
using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Recovery;

namespace Redoubt.Cli.Recovering;

/// <summary>What a command line asks a daemon to recover: a saved plan, with what the words say in the place of what it says.</summary>
internal static class DrRequest
{
    /// <summary>The parameters that every command with a request takes.</summary>
    public static readonly string[] Parameters =
        [.. DrPlanPolicy.LookParameters, .. DrPlanPolicy.PolicyParameters, "source", "target", "plan", "from"];

    /// <exception cref="UsageException">A word means nothing, or there is no such plan.</exception>
    public static async Task<RecoveryRequest> OfAsync(CommandContext context, RecoveryKind kind)
    {
        var p = context.Parameters;
        // What is wrong with the words is found before the server is asked for the plan.
        _ = DrPlanPolicy.RequestOf(p, Empty(kind));
        var saved = p.Find("plan") is { } name ? await FindAsync(context, name, p.Find("from")) : Empty(kind);
        saved = saved with { Policy = saved.Policy with { Kind = kind } };
        return DrPlanPolicy.RequestOf(p, saved) with
        {
            Source = p.Find("source") ?? saved.Source,
            Target = p.Find("target") ?? saved.Target,
            KeepTest = p.Flag("keep", saved.KeepTest),
        };
    }

    /// <summary>The same with the fix of every finding that blocks and has one.</summary>
    public static RecoveryRequest Resolving(RecoveryRequest request, RecoveryPlan plan) => request with
    {
        Policy = request.Policy with
        {
            Resolve = request.Policy.Resolve.Union(
                plan.Findings.Where(f => f is { Severity: Severity.Block, Fix: not null }).Select(f => f.Code).ToImmutableSortedSet()),
        },
    };

    private static RecoveryRequest Empty(RecoveryKind kind) => new() { Policy = new() { Kind = kind } };

    private static async Task<RecoveryRequest> FindAsync(CommandContext context, string name, string? from)
    {
        var daemon = new RecoveryDaemon(context);
        var catalog = await daemon.PlansAsync(foreign: false);
        var found = catalog.Plans.Where(p => p.Name == name && (from is null || p.Request.PlanPool == from)).ToList();
        if (found.Count == 0)
        {
            // It may have come with the storage of the other site, which takes longer to look at.
            catalog = await daemon.PlansAsync(foreign: true);
            found = [.. catalog.Plans.Where(p => p.Name == name && (from is null ? p.Origin is not null : p.Origin?.Volume == from || p.Origin?.PoolName == from || p.Origin?.PoolUuid == from))];
        }

        return found switch
        {
            [var one] => one.Request,
            [] => throw new UsageException(
                $"There is no plan named {name}{(from is null ? "" : $" from {from}")}; dr-plan-list shows those there "
                    + $"are.{string.Concat(catalog.Problems.Select(x => "\n" + x))}"),
            _ => throw new UsageException(
                $"Several pools have a plan named {name}: say from=VOLUME, one of "
                    + $"{string.Join(", ", found.Select(f => $"{f.Origin!.Volume} (pool {f.Origin.PoolName})"))}."),
        };
    }
}
