using Redoubt.Cli.CommandLine;
using Redoubt.Cli.Commands;
using Redoubt.Desk;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Cli.Recovering;

/// <summary>The messages of the class <c>recovery</c>, which only Redoubt's daemon answers.</summary>
internal sealed class RecoveryDaemon(CommandContext context)
{
    // Less than what a proxy between might cut off.
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(20);

    public Task<PlannedRecovery> PlanAsync(RecoveryRequest request) => ReadAsync<PlannedRecovery>("plan", request.ToJson());

    /// <summary>How long a plan should take; null from a server that carries out no runs, or can't say so before.</summary>
    public async Task<PlanForecast?> ForecastAsync(RecoveryPlan plan)
    {
        try
        {
            return RecoveryJson.Read<PlanForecast>((await SendAsync("recovery.forecast", plan.ToJson())).AsString("string"));
        }
        catch (XenApiException lacking) when (LackingMessage.Is("recovery.forecast", lacking))
        {
            return null;
        }
    }

    public Task<string> StartAsync(RecoveryRequest request, string digest) =>
        CallAsync(request.Policy.Kind == RecoveryKind.Test ? "start_test" : "start", request.ToJson(), digest);

    public Task<IReadOnlyList<RunSummary>> RunsAsync() => ReadAsync<IReadOnlyList<RunSummary>>("get_runs");

    public async Task<RunRecord> RunAsync(string uuid) => RunRecord.FromJson(await CallAsync("get_run", uuid));

    /// <summary>The run once it has changed, or as it is after a while.</summary>
    public async Task<RunRecord> WaitAsync(string uuid, long afterRevision) =>
        RunRecord.FromJson(await CallAsync("wait_run", uuid, afterRevision, LongPoll.TotalSeconds));

    public Task<PlanCatalog> PlansAsync(bool foreign) => ReadAsync<PlanCatalog>("get_plans", foreign);

    public async Task<T> ReadAsync<T>(string message, params object?[] arguments)
    {
        var text = await CallAsync(message, arguments);
        try
        {
            return RecoveryJson.Read<T>(text);
        }
        catch (FormatException strange)
        {
            throw new XenApiTransportException($"recovery.{message} answered something that this version does not understand; the daemon may be of another one.", strange);
        }
    }

    public async Task<string> CallAsync(string message, params object?[] arguments)
    {
        try
        {
            return (await SendAsync($"recovery.{message}", arguments)).AsString("string");
        }
        catch (XenApiException lacking) when (LackingMessage.Is($"recovery.{message}", lacking))
        {
            throw new UsageException(
                $"This server can't carry out recoveries: it is no Redoubt daemon, or an older one (it has no recovery.{message}). dr-plan works with it. "
                + "To recover into its pool, add it to a Redoubt daemon (dr-site-add) and run the command there with target=SITE.");
        }
    }

    private async Task<WireValue> SendAsync(string message, params object?[] arguments) =>
        await (await context.ConnectAsync()).CallRawAsync(message, arguments, context.CancellationToken);
}
