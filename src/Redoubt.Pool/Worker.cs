using Microsoft.Extensions.Logging;

namespace Redoubt.Pool;

/// <summary>
/// Does something again and again as long as the daemon runs. A round that fails is told of, and the next one comes all the same.
/// </summary>
public sealed class Worker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private TaskCompletionSource _wake = NewSignal();

    /// <summary>Starts it.</summary>
    /// <param name="name">What it does, for the log.</param>
    /// <param name="period">From the end of a round to the next.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of each round that fails.</param>
    /// <param name="isFirstAtOnce">Whether the first round comes at once.</param>
    /// <param name="roundAsync">A round. Its token is cancelled when the worker stops, and stopping waits for the round.</param>
    public Worker(
        string name, TimeSpan period, TimeProvider time, ILogger log, bool isFirstAtOnce, Func<CancellationToken, Task> roundAsync) =>
        _loop = Task.Run(() => LoopAsync(
            period, time, failed => log.LogError(failed, "{Worker} failed, and is tried again", name), isFirstAtOnce, roundAsync));

    /// <summary>Has the next round come at once; if one is under way, when that is over.</summary>
    public void Wake() => Volatile.Read(ref _wake).TrySetResult();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task LoopAsync(
        TimeSpan period, TimeProvider time, Action<Exception> tell, bool isFirstAtOnce, Func<CancellationToken, Task> roundAsync)
    {
        for (var isDue = isFirstAtOnce; !_stop.IsCancellationRequested; isDue = true)
        {
            try
            {
                await (isDue ? roundAsync(_stop.Token) : Task.CompletedTask);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed)
            {
                tell(failed);
            }

            await _wake.Task.WaitAsync(period, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Volatile.Write(ref _wake, NewSignal());
        }
    }
}
