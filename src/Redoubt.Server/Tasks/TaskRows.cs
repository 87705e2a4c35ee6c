using Redoubt.Pool;
using Redoubt.XenApi;

namespace Redoubt.Server.Tasks;

/// <summary>What the rows of tasks look like.</summary>
internal static class TaskRows
{
    public static TaskRecord New(string label, string description, Ref<SessionRecord> session, PoolServices pool) => new()
    {
        NameLabel = label,
        NameDescription = description,
        Created = pool.Time.GetUtcNow(),
        Status = TaskStatusType.Pending,
        ResidentOn = pool.Hosts.Local.Host,
        Type = "<none/>",
        Session = session,
    };

    public static TaskRecord Finished(TaskRecord task, DateTimeOffset now) =>
        task with { Finished = now, Progress = 1, AllowedOperations = [], CurrentOperations = task.CurrentOperations.Clear() };

    public static bool IsFinished(TaskRecord task) => task.Status is not (TaskStatusType.Pending or TaskStatusType.Cancelling);
}
