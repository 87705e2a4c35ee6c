using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tasks;

/// <summary>
/// Runs calls as tasks. Their rows live in this pool's own database, also those of sessions on a foreign one, and say at any moment how
/// far the work is; the outcome stays there until somebody destroys the task or <see cref="TaskSweep"/> does.
/// </summary>
internal sealed class TaskRunner(PoolServices pool, CallFailures failures, ILogger<TaskRunner> log) : IAsyncDisposable
{
    /// <summary>How many tasks may run at once.</summary>
    public const int MostRunning = 2_000;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<Ref<TaskRecord>, RunningTask> _running = new();

    /// <summary>Starts work as a task.</summary>
    /// <exception cref="XenApiException"><c>TOO_MANY_PENDING_TASKS</c>.</exception>
    public async Task<Ref<TaskRecord>> StartAsync(
        string name, SessionState session, DatabaseState state, Func<CallContext, Task<object?>> work, XenType resultType)
    {
        if (_running.Count >= MostRunning)
        {
            throw new XenApiException("TOO_MANY_PENDING_TASKS");
        }

        var task = await pool.Database.WriteAsync(tx => tx.Create(TaskRows.New(name, "", session.Ref, pool) with
        {
            AllowedOperations = [TaskAllowedOperations.Cancel],
        }));
        var entry = new RunningTask();
        _running[task] = entry;
        var call = new CallContext(session, state, new TaskHandle(pool.Database, task), entry.Cancellation);
        entry.Work = Task.Run(() => RunAsync(task, name, entry, () => work(call), resultType), CancellationToken.None);
        return task;
    }

    /// <summary>The work behind a task, or null if none goes on.</summary>
    public RunningTask? Find(Ref<TaskRecord> task) => _running.GetValueOrDefault(task);

    /// <summary>Takes a task of a client's making over, whose work somebody else does. False if work goes on behind it already.</summary>
    public bool TryAdopt(Ref<TaskRecord> task, RunningTask entry) => _running.TryAdd(task, entry);

    /// <summary>Writes the outcome of an adopted task down, unless the client has given it one.</summary>
    public async Task EndAsync(Ref<TaskRecord> task, RunningTask entry, Func<TaskRecord, TaskRecord> outcome)
    {
        try
        {
            await FinishAsync(task, entry, t => TaskRows.IsFinished(t) ? t : outcome(t));
        }
        finally
        {
            _running.TryRemove(task, out _);
        }
    }

    /// <summary>Cancels what still runs and waits until it has stopped, though not for ever.</summary>
    public async ValueTask DisposeAsync()
    {
        var left = _running.Values.ToList();
        foreach (var entry in left)
        {
            await entry.CancelAsync();
        }

        try
        {
            await Task.WhenAll(left.Select(e => e.Work)).WaitAsync(StopLimit, pool.Time);
        }
        catch (TimeoutException)
        {
            log.LogError("{Count} tasks did not stop within {Seconds} seconds", _running.Count, StopLimit.TotalSeconds);
        }
    }

    private async Task RunAsync(Ref<TaskRecord> task, string name, RunningTask entry, Func<Task<object?>> work, XenType resultType)
    {
        Func<TaskRecord, TaskRecord> outcome;
        try
        {
            var result = TaskResult.Of(resultType, await work());
            outcome = t => t with { Status = TaskStatusType.Success, Result = result };
        }
        catch (OperationCanceledException) when (entry.Cancellation.IsCancellationRequested)
        {
            outcome = t => t with { Status = TaskStatusType.Cancelled, ErrorInfo = ["TASK_CANCELLED", task.Opaque] };
        }
        catch (Exception error)
        {
            var failure = failures.Translate(error, name);
            outcome = t => t with { Status = TaskStatusType.Failure, ErrorInfo = [failure.Code, .. failure.Parameters] };
        }

        try
        {
            await FinishAsync(task, entry, outcome);
        }
        catch (Exception error)
        {
            log.LogError(error, "The outcome of {Task} ({Name}) could not be recorded", task, name);
        }
        finally
        {
            _running.TryRemove(task, out _);
            entry.Dispose();
        }
    }

    private Task FinishAsync(Ref<TaskRecord> task, RunningTask entry, Func<TaskRecord, TaskRecord> outcome) =>
        pool.Database.WriteSurelyAsync(tx =>
        {
            if (entry.Abandoned)
            {
                tx.Delete(task);
            }
            else if (tx.Find(task) is not null)
            {
                tx.Update(task, t => TaskRows.Finished(outcome(t), pool.Time.GetUtcNow()));
            }
        });
}
