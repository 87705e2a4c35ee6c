using Microsoft.Extensions.Logging;

namespace Redoubt.Pool;

/// <summary>Does something again and again as long as the daemon runs. A round that fails is told to the log, and the next one comes all the same.</summary>
public sealed class Worker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>Starts it.</summary>
    /// <param name="name">What it does, for the log.</param>
    /// <param name="period">From the end of a round to the next.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of each round that fails.</param>
    /// <param name="isFirstAtOnce">Whether the first round comes at once.</param>
    /// <param name="roundAsync">A round. Its token is cancelled when the worker stops, and stopping waits for the round.</param>
    public Worker(string name, TimeSpan period, TimeProvider time, ILogger log, bool isFirstAtOnce, Func<CancellationToken, Task> roundAsync) =>
        _loop = Task.Run(() => LoopAsync(name, period, time, log, isFirstAtOnce, roundAsync));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task LoopAsync(string name, TimeSpan period, TimeProvider time, ILogger log, bool isFirstAtOnce, Func<CancellationToken, Task> roundAsync)
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
                log.LogError(failed, "{Worker} failed, and is tried again", name);
            }

            await Task.Delay(period, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
