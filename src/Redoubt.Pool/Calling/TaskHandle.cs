using Redoubt.Database;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// The task that a call runs as. Only asynchronous calls have a row in the table of tasks; the others just a reference of their own.
/// </summary>
public sealed class TaskHandle
{
    private readonly PoolDatabase? _database;

    /// <summary>A task with a row, whose progress is written there.</summary>
    public TaskHandle(PoolDatabase? database, Ref<TaskRecord> reference)
    {
        _database = database;
        Ref = reference;
    }

    /// <summary>The task's reference, by which <c>current_operations</c> name it.</summary>
    public Ref<TaskRecord> Ref { get; }

    /// <summary>A task without a row.</summary>
    public static TaskHandle Unrecorded() => new(null, new(RefText.Of(Guid.NewGuid())));

    /// <summary>Says how far the work is, from 0 to 1.</summary>
    public Task ReportAsync(double progress) => _database is null
        ? Task.CompletedTask
        : _database.WriteAsync(
            tx =>
            {
                if (tx.Find(Ref) is { Status: TaskStatusType.Pending })
                {
                    tx.Update(Ref, t => t with { Progress = Math.Clamp(progress, 0, 1) });
                }
            },
            CancellationToken.None);
}
