using System.Text;
using System.Xml;

namespace Redoubt.XenApi;

/// <summary>Waits for a task on the server.</summary>
/// <remarks>
/// It asks for the task's record, at growing intervals: a task of a second is noticed at once, one of an hour costs little. Events would
/// be noticed sooner, but a client that waits for events has one call open that proxies like to cut.
/// </remarks>
internal sealed class TaskWatch(XenApiClient client, Ref<TaskRecord> task, TimeProvider time)
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    /// <returns>The task's result.</returns>
    public async Task<WireValue> WaitAsync(IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var wait = FirstWait;
        while (true)
        {
            var record = await client.Task.GetRecordAsync(task, cancellationToken);
            progress?.Report(record.Progress);
            if (record.Status is not (TaskStatusType.Pending or TaskStatusType.Cancelling))
            {
                await client.Task.DestroyAsync(task, cancellationToken);
                return Result(record);
            }

            await Task.Delay(wait, time, cancellationToken);
            wait = wait * 1.5 < LongestWait ? wait * 1.5 : LongestWait;
        }
    }

    private WireValue Result(TaskRecord record) => record switch
    {
        { Status: TaskStatusType.Success } => Parse(record.Result),
        { Status: TaskStatusType.Failure, ErrorInfo: { Count: > 0 } words } =>
            throw new XenApiException(words[0], words.GetRange(1, words.Count - 1)),
        { Status: TaskStatusType.Cancelled } => throw new XenApiException("TASK_CANCELLED", task.Opaque),
        _ => throw new XenApiException("INTERNAL_ERROR", $"task {record.Uuid} failed without saying why"),
    };

    // A task's result is one XML-RPC value, as text; a server leaves it empty where there is none.
    private WireValue Parse(string result)
    {
        if (result.Length == 0)
        {
            return new WireString("");
        }

        try
        {
            using var xml = XmlWire.Open(new MemoryStream(Encoding.UTF8.GetBytes(result)));
            return XmlWire.ReadValue(xml);
        }
        catch (Exception broken) when (broken is XmlException or ArgumentException or WireFormatException)
        {
            throw new XenApiTransportException($"{client.Server.Authority} gave a task a result that is no XML-RPC value.", broken);
        }
    }
}
