using Redoubt.XenApi;

namespace Redoubt.Recovery;

/// <summary>A call that a server does by itself while a step looks at other things. It can be given up, or left to itself.</summary>
internal sealed class StepTask
{
    private readonly StepScope _scope;
    private readonly XenApiClient _api;
    private readonly Ref<TaskRecord> _task;

    /// <summary>How far it was when it was looked at last, from 0 to 1.</summary>
    public double Progress { get; private set; }

    private StepTask(StepScope scope, XenApiClient api, Ref<TaskRecord> task) => (_scope, _api, _task) = (scope, api, task);

    public static async Task<StepTask> StartAsync(
        StepScope scope, XenApiClient api, string message, params IReadOnlyList<object?> arguments)
    {
        var answer = await api.CallRawAsync($"Async.{message}", arguments, scope.Token);
        return new(
            scope,
            api,
            new(
                answer is WireString text
                    ? text.Value
                    : throw new XenApiTransportException(
                        $"{api.Server.Authority} answered Async.{message} with something that is no task.")));
    }

    /// <summary>How it ended; null while it goes on. One that has ended is removed, and not to be asked again.</summary>
    public async Task<TaskEnd?> EndAsync()
    {
        var record = await _scope.GetAsync(_api, _task);
        Progress = record.Progress;
        if (record.Status is TaskStatusType.Pending or TaskStatusType.Cancelling)
        {
            return null;
        }

        await _api.Task.DestroyAsync(_task, _scope.Token);
        return new(record.Status == TaskStatusType.Success ? [] : [.. record.ErrorInfo.DefaultIfEmpty("TASK_CANCELLED")]);
    }

    public Task CancelAsync() => _api.Task.CancelAsync(_task, _scope.Token);
}
