using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Cli.Recovering;

/// <summary>The messages of the class <c>recovery</c>, which only Redoubt's daemon answers, and the values that their texts are.</summary>
internal sealed class RecoveryDaemon(CommandContext context)
{
    // Less than what a proxy between might cut off.
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(20);

    public Task<PlannedRecovery> PlanAsync(RecoveryRequest request) =>
        ReadAsync<PlannedRecovery>((r, t) => r.PlanAsync(request.ToJson(), t));

    /// <summary>How long a plan should take; null from a server that carries out no runs, or can't say so before.</summary>
    public async Task<PlanForecast?> ForecastAsync(RecoveryPlan plan)
    {
        var api = await context.ConnectAsync();
        try
        {
            return RecoveryJson.Read<PlanForecast>(await api.Recovery.ForecastAsync(plan.ToJson(), context.CancellationToken));
        }
        catch (XenApiException lacking) when (LackingMessage.Is("recovery.forecast", lacking))
        {
            return null;
        }
    }

    public Task<string> StartAsync(RecoveryRequest request, string digest) => AskAsync((r, t) =>
        request.Policy.Kind == RecoveryKind.Test
            ? r.StartTestAsync(request.ToJson(), digest, t)
            : r.StartAsync(request.ToJson(), digest, t));

    public Task<IReadOnlyList<RunSummary>> RunsAsync() => ReadAsync<IReadOnlyList<RunSummary>>((r, t) => r.GetRunsAsync(t));

    public async Task<RunRecord> RunAsync(string uuid) => RunRecord.FromJson(await AskAsync((r, t) => r.GetRunAsync(uuid, t)));

    /// <summary>The run once it has changed, or as it is after a while.</summary>
    public async Task<RunRecord> WaitAsync(string uuid, long afterRevision) =>
        RunRecord.FromJson(await AskAsync((r, t) => r.WaitRunAsync(uuid, afterRevision, LongPoll.TotalSeconds, t)));

    public Task<PlanCatalog> PlansAsync(bool foreign) => ReadAsync<PlanCatalog>((r, t) => r.GetPlansAsync(foreign, t));

    /// <summary>The value that an answer's text is.</summary>
    public async Task<T> ReadAsync<T>(Func<RecoveryClient, CancellationToken, Task<string>> ask)
    {
        var text = await AskAsync(ask);
        try
        {
            return RecoveryJson.Read<T>(text);
        }
        catch (FormatException strange)
        {
            throw new XenApiTransportException(
                "The daemon answered something that this version does not understand; it may be of another one.", strange);
        }
    }

    /// <summary>An answer's text.</summary>
    public async Task<string> AskAsync(Func<RecoveryClient, CancellationToken, Task<string>> ask)
    {
        var api = await context.ConnectAsync();
        try
        {
            return await ask(api.Recovery, context.CancellationToken);
        }
        catch (XenApiException lacking) when (LackingMessage.Is("recovery.plan", lacking))
        {
            var message = lacking is { Code: "MESSAGE_METHOD_UNKNOWN", Parameters: [var name, ..] }
                ? $"no {name}"
                : "none of their messages";
            throw new UsageException(
                $"This server can't carry out recoveries: it is no Redoubt daemon, or an older one (it has {message}). "
                    + "dr-plan works with it. "
                + "To recover into its pool, add it to a Redoubt daemon (dr-site-add) and run the command there with target=SITE.");
        }
    }

    /// <summary>Sends a message without an answer.</summary>
    public Task DoAsync(Func<RecoveryClient, CancellationToken, Task> send) => AskAsync(async (r, t) =>
    {
        await send(r, t);
        return "";
    });
}
