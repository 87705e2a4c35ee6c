namespace Redoubt.Storage;

/// <summary>
/// Looks at one place of storage, none of which anybody waits for without a limit: storage that has gone may not fail but hang, and a
/// thread that asks it is lost until it is back.
/// </summary>
/// <remarks>
/// While a look hangs, further ones are refused at once instead of losing a thread each; when it comes to its end, whatever that is, the
/// place is looked at again.
/// </remarks>
/// <param name="place">What is looked at, for people.</param>
/// <param name="time">The clock that limits are measured with.</param>
[System.Diagnostics.CodeAnalysis.SuppressMessage(
    "Design", "CA1001", Justification = "Lives as long as its SR, and its semaphore has no handle.")]
internal sealed class SrLooks(string place, TimeProvider time)
{
    /// <summary>Enough for storage that is busy, and for whoever waits in front of a screen not too much.</summary>
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>For what reads every disk of an SR.</summary>
    internal static readonly TimeSpan ScanLimit = TimeSpan.FromSeconds(30);

    /// <summary>For making an SR: a large device takes minutes to be given a file system, and ends by its own limit.</summary>
    internal static readonly TimeSpan MakeLimit = TimeSpan.FromMinutes(12);

    /// <summary>For a small write, which storage that is busy with a large one may keep waiting.</summary>
    internal static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(45);

    // A glance runs on the thread pool, since a thread of its own costs more than it does; so no more than these are lost to a place that
    // hangs.
    private const int AtOnce = 4;

    private readonly SemaphoreSlim _places = new(AtOnce);
    private int _hanging;

    /// <summary>Looks.</summary>
    /// <param name="look">What to do. It goes on when nobody waits for it any more.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="tooLate">What to do with an answer that nobody waits for any more; null: nothing.</param>
    /// <param name="cancellationToken">Stops the waiting.</param>
    /// <exception cref="XenApi.XenApiException">Code 47: the place does not answer.</exception>
    internal async Task<T> RunAsync<T>(Func<Task<T>> look, TimeSpan limit, Func<T, Task>? tooLate, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _hanging) > 0 || !await _places.WaitAsync(limit, cancellationToken))
            throw NotAnswering(null);
        Task<T> looking;
        try
        {
            looking = look();
        }
        catch
        {
            _places.Release();
            throw;
        }

        _ = EndAsync(looking, limit);
        try
        {
            return await looking.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException slow) when (!looking.IsCompleted)
        {
            _ = TakeLateAsync(looking, tooLate);
            throw NotAnswering(slow);
        }
        catch (OperationCanceledException) when (!looking.IsCompleted)
        {
            _ = TakeLateAsync(looking, tooLate);
            throw;
        }
    }

    // Whether it hangs shows at the limit, also when nobody waits for it any more: else each who gives up earlier would leave the next to
    // wait.
    private async Task EndAsync(Task looking, TimeSpan limit)
    {
        await looking.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!looking.IsCompleted)
        {
            Interlocked.Increment(ref _hanging);
            await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Decrement(ref _hanging);
        }

        _places.Release();
    }

    /// <summary>For a look, or a change, that answers nothing.</summary>
    internal static async Task<bool> DoneAsync(Task act)
    {
        await act;
        return true;
    }

    /// <summary>Takes care of an answer that nobody waits for any more.</summary>
    internal static async Task TakeLateAsync<T>(Task<T> looking, Func<T, Task>? tooLate)
    {
        await ((Task)looking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (tooLate is not null && looking.IsCompletedSuccessfully)
            await tooLate(await looking);
    }

    private XenApi.XenApiException NotAnswering(Exception? slow) => SrFailure.Backend(
        SrFailure.SrUnavailable,
        $"The storage at {place} does not answer: check that it is connected and its server runs. What hangs there "
            + "goes on when it is back.",
        slow);
}
