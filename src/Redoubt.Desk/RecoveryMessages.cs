using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.Recovery;
using Redoubt.XenApi;

namespace Redoubt.Desk;

/// <summary>The messages of the class <c>recovery</c>: values pass as JSON, everything else is <see cref="RecoveryService"/>'s.</summary>
internal sealed partial class RecoveryMessages(PoolServices pool, RecoveryService recovery)
{
    private static readonly GuardedAct[] Guardable = [GuardedAct.Failover, GuardedAct.Migration, GuardedAct.Unprotect];
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    [Message("recovery.plan")]
    public async Task<string> PlanAsync(CallContext call, string request) =>
        RecoveryJson.Write(await recovery.PlanAsync(Read(request), call.Session, call.Cancellation));

    [Message("recovery.forecast")]
    public string Forecast(CallContext call, string plan)
    {
        try
        {
            return RecoveryJson.Write(recovery.Forecast(RecoveryPlan.FromJson(plan), call.Session));
        }
        catch (FormatException wrong)
        {
            throw new XenApiException(wrong, "INVALID_VALUE", "plan", $"(it is no recovery plan: {wrong.Message})");
        }
    }

    [Message("recovery.start")]
    public Task<string> StartAsync(CallContext call, string request, string digest) =>
        Read(request) is { Policy.Kind: not RecoveryKind.Test } real
        ? recovery.StartAsync(real, digest, call.Session, call.Cancellation)
        : throw new XenApiException("INVALID_VALUE", "request", "a test (recovery.start_test starts it)");

    [Message("recovery.start_test")]
    public Task<string> StartTestAsync(CallContext call, string request, string digest) =>
        Read(request) is { Policy.Kind: RecoveryKind.Test } test
        ? recovery.StartAsync(test, digest, call.Session, call.Cancellation)
        : throw new XenApiException("INVALID_VALUE", "request", "no test (recovery.start starts it)");

    [Message("recovery.get_runs")]
    public string GetRuns(CallContext call) => RecoveryJson.Write(recovery.Runs(call.Session));

    [Message("recovery.get_run")]
    public string GetRun(CallContext call, string run) => recovery.Run(run, call.Session).ToJson();

    [Message("recovery.wait_run")]
    public async Task<string> WaitRunAsync(CallContext call, string run, long afterRevision, double timeout)
    {
        if (double.IsNaN(timeout))
        {
            throw new XenApiException("INVALID_VALUE", "timeout", "nan");
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Clamp(timeout, 0, LongestWait.TotalSeconds)), pool.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, call.Cancellation);
        try
        {
            await foreach (var changed in recovery.Watch(run, afterRevision, call.Session, both.Token))
            {
                return changed.ToJson();
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !call.Cancellation.IsCancellationRequested)
        {
            // Nothing has happened meanwhile, which the same revision as before says.
        }

        return recovery.Run(run, call.Session).ToJson();
    }

    [Message("recovery.pause")]
    public Task PauseAsync(CallContext call, string run) => recovery.PauseAsync(run, call.Session, call.Cancellation);

    [Message("recovery.resume")]
    public Task ResumeAsync(CallContext call, string run) => recovery.ResumeAsync(run, call.Session, call.Cancellation);

    [Message("recovery.undo")]
    public Task UndoAsync(CallContext call, string run) => recovery.UndoAsync(run, call.Session, call.Cancellation);

    [Message("recovery.cancel")]
    public Task CancelAsync(CallContext call, string run) => recovery.CancelAsync(run, call.Session, call.Cancellation);

    [Message("recovery.answer")]
    public Task AnswerAsync(CallContext call, string run, string answer) =>
        recovery.AnswerAsync(run, answer, call.Session, call.Cancellation);

    [Message("recovery.clean_up_test")]
    public Task CleanUpTestAsync(CallContext call, string run) => recovery.CleanUpTestAsync(run, call.Session, call.Cancellation);

    [Message("recovery.get_report")]
    public string GetReport(CallContext call, string run, string format) => recovery.Report(run, FormatOf(format), call.Session);

    [Message("recovery.get_summary")]
    public string GetSummary(CallContext call, string month, string format) => recovery.Summary(month, FormatOf(format), call.Session);

    private static ReportFormat FormatOf(string format) => format switch
    {
        "html" => ReportFormat.Html,
        "markdown" => ReportFormat.Markdown,
        "json" => ReportFormat.Json,
        _ => throw new XenApiException("INVALID_VALUE", "format", $"{format} (it is html, markdown or json)"),
    };

    [Message("recovery.add_site")]
    public async Task<string> AddSiteAsync(CallContext call, string name, string address, string user, string password) =>
        RecoveryJson.Write(await recovery.AddSiteAsync(name, address, user, password, call.Session, call.Cancellation));

    [Message("recovery.set_site")]
    public async Task<string> SetSiteAsync(CallContext call, string name, string address, string user, string password) =>
        RecoveryJson.Write(await recovery.SetSiteAsync(name, address, user, password, call.Session, call.Cancellation));

    [Message("recovery.get_sites")]
    public async Task<string> GetSitesAsync(CallContext call, bool test) => test
        ? RecoveryJson.Write(await recovery.TestSitesAsync(call.Session, call.Cancellation))
        : RecoveryJson.Write(recovery.ListSites(call.Session).Select(s => new SiteTest(s, null, null)));

    [Message("recovery.remove_site")]
    public void RemoveSite(CallContext call, string site) => recovery.RemoveSite(site, call.Session);

    [Message("recovery.save_plan")]
    public Task SavePlanAsync(CallContext call, string name, string request) =>
        recovery.SavePlanAsync(name, Read(request), call.Session, call.Cancellation);

    [Message("recovery.read_plan")]
    public string ReadPlan(CallContext call, string name, string request) =>
        recovery.ReadPlan(name, Read(request, RecoveryJson.ReadExact<RecoveryRequest>), call.Session).ToJson();

    [Message("recovery.get_plans")]
    public async Task<string> GetPlansAsync(CallContext call, bool foreign) =>
        RecoveryJson.Write(await recovery.ListPlansAsync(foreign, call.Session, call.Cancellation));

    [Message("recovery.rename_plan")]
    public Task RenamePlanAsync(CallContext call, string name, string newName) =>
        recovery.RenamePlanAsync(name, newName, call.Session, call.Cancellation);

    [Message("recovery.list_hooks")]
    public string ListHooks(CallContext call) => RecoveryJson.Write(recovery.ListHooks(call.Session));

    [Message("recovery.remove_plan")]
    public Task RemovePlanAsync(CallContext call, string name) => recovery.RemovePlanAsync(name, call.Session, call.Cancellation);

    [Message("recovery.add_schedule")]
    public async Task<string> AddScheduleAsync(CallContext call, string name, string plan, string cron) =>
        RecoveryJson.Write(await recovery.AddScheduleAsync(name, plan, cron, call.Session, call.Cancellation));

    [Message("recovery.set_schedule")]
    public async Task<string> SetScheduleAsync(CallContext call, string name, string plan, string cron) =>
        RecoveryJson.Write(await recovery.SetScheduleAsync(name, plan, cron, call.Session, call.Cancellation));

    [Message("recovery.get_schedules")]
    public string GetSchedules(CallContext call) => RecoveryJson.Write(recovery.ListSchedules(call.Session));

    [Message("recovery.remove_schedule")]
    public Task RemoveScheduleAsync(CallContext call, string name) => recovery.RemoveScheduleAsync(name, call.Session, call.Cancellation);

    [Message("recovery.get_status")]
    public async Task<string> GetStatusAsync(CallContext call) =>
        RecoveryJson.Write(await recovery.StatusAsync(call.Session, call.Cancellation));

    [Message("recovery.set_two_persons")]
    public void SetTwoPersons(CallContext call, ImmutableList<string> acts) => recovery.SetTwoPersons(
        [
            .. acts.Select(a => Guardable.FirstOrDefault(g => Approvals.WordOf(g) == a) is var found && Approvals.WordOf(found) == a
                ? found
                : throw new XenApiException(
                    "INVALID_VALUE", "acts", $"{a} (they are {string.Join(", ", Guardable.Select(Approvals.WordOf))})")),
        ],
        call.Session);

    [Message("recovery.get_approvals")]
    public string GetApprovals(CallContext call) => RecoveryJson.Write(recovery.ListApprovals(call.Session));

    [Message("recovery.approve")]
    public void Approve(CallContext call, string approval, string statement) =>
        recovery.DecideApproval(approval, isApproved: true, statement, call.Session);

    [Message("recovery.refuse")]
    public void Refuse(CallContext call, string approval, string statement) =>
        recovery.DecideApproval(approval, isApproved: false, statement, call.Session);

    [Message("recovery.override_approval")]
    public void OverrideApproval(CallContext call, string approval, string statement) =>
        recovery.OverrideApproval(approval, statement, call.Session);

    private static RecoveryRequest Read(string request) => Read(request, RecoveryRequest.FromJson);

    private static RecoveryRequest Read(string request, Func<string, RecoveryRequest> read)
    {
        try
        {
            return read(request);
        }
        catch (FormatException wrong)
        {
            throw new XenApiException(wrong, "INVALID_VALUE", "request", $"(it is no recovery request: {wrong.Message})");
        }
    }
}
