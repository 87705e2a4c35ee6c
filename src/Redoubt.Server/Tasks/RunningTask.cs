namespace Redoubt.Server.Tasks;

/// <summary>Work that goes on without a client waiting for it.</summary>
internal sealed class RunningTask : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    public RunningTask() => Cancellation = _source.Token;

    public CancellationToken Cancellation { get; }

    /// <summary>The work itself; it never fails, since its outcome is written into the task's row.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Whether the client has said that it is not interested in the outcome.</summary>
    public volatile bool Abandoned;

    /// <summary>Has the work stop, unless it has ended: it may do so while somebody is about to stop it.</summary>
    public async Task CancelAsync()
    {
        try
        {
            await _source.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself, which is what was wanted.
        }
    }

    public void Dispose() => _source.Dispose();
}
