namespace Redoubt.Server.Tasks;

/// <summary>Work that goes on without a client waiting for it.</summary>
internal sealed class RunningTask : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    public CancellationToken Cancellation => _source.Token;

    /// <summary>The work itself; it never fails, since its outcome is written into the task's row.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Whether the client has said that it is not interested in the outcome.</summary>
    public volatile bool Abandoned;

    public Task CancelAsync() => _source.CancelAsync();

    public void Dispose() => _source.Dispose();
}
