using System.Collections.Immutable;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tasks;

/// <summary>What tasks do. Everyone may handle their own; those of others need Pool Operator or above.</summary>
internal sealed partial class TaskCalls(PoolServices pool, TaskRunner runner)
{
    [Message("task.create")]
    public Task<Ref<TaskRecord>> CreateAsync(CallContext call, string label, string description) =>
        pool.Database.WriteAsync(tx => tx.Create(TaskRows.New(label, description, call.Session.Ref, pool)), call.Cancellation);

    [Message("task.destroy")]
    public async Task DestroyAsync(CallContext call, Ref<TaskRecord> self)
    {
        RequireOwn(call, self, "task.destroy");
        if (runner.Find(self) is { } running)
        {
            // The work goes on; only nobody wants to know its outcome. It may be over by now, and then the row goes at once.
            running.Abandoned = true;
            if (!TaskRows.IsFinished(pool.State.Get(self)))
            {
                return;
            }
        }

        await pool.Database.WriteAsync(tx => tx.Delete(self), CancellationToken.None);
    }

    [Message("task.cancel")]
    public async Task CancelAsync(CallContext call, Ref<TaskRecord> task)
    {
        RequireOwn(call, task, "task.cancel");
        await pool.Database.WriteAsync(
            tx => tx.Update(task, t => TaskRows.IsFinished(t)
                ? throw new XenApiException("OPERATION_NOT_ALLOWED", "The task is finished already.")
                : t with { Status = TaskStatusType.Cancelling, AllowedOperations = [] }),
            call.Cancellation);
        if (runner.Find(task) is { } running)
        {
            try
            {
                await running.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // It ended in this very moment: there is nothing left to cancel.
            }
        }
    }

    [Message("task.set_progress")]
    public Task SetProgressAsync(CallContext call, Ref<TaskRecord> self, double value) =>
        UpdateAsync(call, self, "task.set_progress", t => t with { Progress = Math.Clamp(double.IsNaN(value) ? 0 : value, 0, 1) });

    [Message("task.set_result")]
    public Task SetResultAsync(CallContext call, Ref<TaskRecord> self, string value) =>
        UpdateAsync(call, self, "task.set_result", t => t with { Result = value });

    [Message("task.set_error_info")]
    public Task SetErrorInfoAsync(CallContext call, Ref<TaskRecord> self, ImmutableList<string> value) =>
        UpdateAsync(call, self, "task.set_error_info", t => t with { ErrorInfo = value });

    [Message("task.set_status")]
    public Task SetStatusAsync(CallContext call, Ref<TaskRecord> self, TaskStatusType value) =>
        UpdateAsync(call, self, "task.set_status", t =>
        {
            var updated = t with { Status = value };
            return TaskRows.IsFinished(updated) ? updated with { Finished = pool.Time.GetUtcNow(), AllowedOperations = [] } : updated;
        });

    private async Task UpdateAsync(CallContext call, Ref<TaskRecord> self, string message, Func<TaskRecord, TaskRecord> change)
    {
        RequireOwn(call, self, message);
        if (runner.Find(self) is not null)
        {
            throw new XenApiException("OPERATION_NOT_ALLOWED", "The server itself runs this task and says how far it is.");
        }

        await pool.Database.WriteAsync(tx => tx.Update(self, change), call.Cancellation);
    }

    private void RequireOwn(CallContext call, Ref<TaskRecord> task, string message)
    {
        if (pool.State.Get(task).Session != call.Session.Ref)
        {
            RoleCheck.Require(call.Session, message + "/any", Role.PoolOperator);
        }
    }
}
