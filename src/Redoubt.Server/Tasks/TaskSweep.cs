using Microsoft.Extensions.Logging;
using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tasks;

/// <summary>Removes the rows of tasks that nobody will ask for any more, so that a busy pool's table does not grow for ever.</summary>
internal sealed class TaskSweep : IAsyncDisposable
{
    /// <summary>How many finished tasks are kept at most.</summary>
    public const int MostFinished = 1_000;

    /// <summary>How long a finished task is kept, while its session is open.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly PoolServices _pool;
    private readonly TaskRunner _runner;
    private readonly Worker _worker;

    public TaskSweep(PoolServices pool, TaskRunner runner, ILogger<TaskSweep> log)
    {
        (_pool, _runner) = (pool, runner);
        _worker = new("The removal of old tasks", Interval, pool.Time, log, isFirstAtOnce: false, _ => SweepAsync());
    }

    /// <summary>Removes what is due now.</summary>
    public Task SweepAsync() => _pool.Database.WriteAsync(tx =>
    {
        var now = _pool.Time.GetUtcNow();
        var kept = 0;
        var finished = tx.State.All<TaskRecord>().Where(t => TaskRows.IsFinished(t.Record))
            .OrderByDescending(t => t.Record.Finished).ToList();
        foreach (var (task, record) in finished)
        {
            // Of a closed session nobody can know the reference any more, except who was told it, and they had their chance.
            var forgotten = tx.Find(record.Session) is null && now - record.Finished > Interval;
            if (forgotten || now - record.Finished > KeptFor || ++kept > MostFinished)
            {
                tx.Delete(task);
            }
        }

        foreach (var (task, record) in tx.State.All<TaskRecord>().Where(t => !TaskRows.IsFinished(t.Record) && _runner.Find(t.Ref) is null)
            .ToList())
        {
            // Made by a client that has gone without finishing it.
            if (tx.Find(record.Session) is null && now - record.Created > KeptFor)
            {
                tx.Delete(task);
            }
        }
    });

    public ValueTask DisposeAsync() => _worker.DisposeAsync();
}
