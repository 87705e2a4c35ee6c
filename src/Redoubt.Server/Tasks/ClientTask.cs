using Microsoft.AspNetCore.Http;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tasks;

/// <summary>
/// The task that a client has made for a transfer (<c>task_id</c>) and waits for: whatever becomes of the transfer, a refusal too, the
/// task tells it.
/// While it goes on the task says how far it is, and cancelling the task breaks it off.
/// </summary>
internal sealed class ClientTask(PoolServices pool, TaskRunner runner, CallFailures failures)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    /// <summary>Runs a transfer as the task that its address names, if it names one.</summary>
    /// <param name="http">The request.</param>
    /// <param name="session">Who asks.</param>
    /// <param name="handler">What the transfer is called.</param>
    /// <param name="act">The transfer; gives the task's result.</param>
    /// <exception cref="XenApiException">What the transfer failed with; <c>TASK_CANCELLED</c>; the task is not there, or somebody
    /// else's.</exception>
    public async Task RunAsync(HttpContext http, SessionState session, string handler, Func<Task<string>> act)
    {
        // What is no reference names nothing that anybody could wait for.
        if (http.Request.Query["task_id"].FirstOrDefault() is not { } spelled
            || !spelled.StartsWith(RefText.Prefix, StringComparison.Ordinal))
        {
            await act();
            return;
        }

        var task = new Ref<TaskRecord>(spelled);
        RequireOwn(session, task);
        using var running = new RunningTask();
        if (!runner.TryAdopt(task, running))
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "Another transfer or call runs as this task. Make one for each.");
        }

        var gone = http.RequestAborted;
        using var both = CancellationTokenSource.CreateLinkedTokenSource(gone, running.Cancellation);
        http.RequestAborted = both.Token;

        Func<TaskRecord, TaskRecord> outcome = t => t;
        try
        {
            using var reporting = new CancellationTokenSource();
            var reports = ReportAsync(http, task, reporting.Token);
            try
            {
                var result = await act();
                outcome = t => t with { Status = TaskStatusType.Success, Result = result };
            }
            finally
            {
                await reporting.CancelAsync();
                await reports;
            }
        }
        catch (OperationCanceledException cancelled) when (running.Cancellation.IsCancellationRequested)
        {
            outcome = t => t with { Status = TaskStatusType.Cancelled, ErrorInfo = ["TASK_CANCELLED", task.Opaque] };
            throw new XenApiException(cancelled, "TASK_CANCELLED", task.Opaque);
        }
        catch (Exception error)
        {
            var failure = failures.Translate(error, handler);
            outcome = t => t with { Status = TaskStatusType.Failure, ErrorInfo = [failure.Code, .. failure.Parameters] };
            throw;
        }
        finally
        {
            http.RequestAborted = gone;
            await runner.EndAsync(task, running, outcome);
        }
    }

    // The same person in another session too: who has a name and a password sends those with each transfer.
    private void RequireOwn(SessionState session, Ref<TaskRecord> task)
    {
        var owner = pool.State.Get(task).Session;
        if (owner != session.Ref && !IsSame(pool.Sessions.Peek(owner)?.Owner, session.Owner))
        {
            RoleCheck.Require(session, "task.set_status/any", Role.PoolOperator);
        }
    }

    private static bool IsSame(SessionOwner? one, SessionOwner other) =>
        one is { OpenedBy: null } && one.UserName == other.UserName && one.Identifier == other.Identifier
            && one.IsFromDirectory == other.IsFromDirectory;

    private async Task ReportAsync(HttpContext http, Ref<TaskRecord> task, CancellationToken over)
    {
        var (sent, received) = (new CountedBody(http.Response.Body), new CountedBody(http.Request.Body));
        (http.Response.Body, http.Request.Body) = (sent, received);
        var handle = new TaskHandle(pool.Database, task);
        using var timer = new PeriodicTimer(ReportInterval, pool.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                var (done, all) = HttpMethods.IsGet(http.Request.Method)
                    ? (sent.Count, http.Response.ContentLength)
                    : (received.Count, http.Request.ContentLength);
                if (all > 0)
                {
                    await handle.ReportAsync((double)done / all.Value);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The outcome says the rest.
        }
    }
}
