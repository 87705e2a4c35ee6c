namespace Redoubt.Compute.Libvirt;

/// <summary>
/// Runs blocking libvirt calls away from the caller, a bounded number at once.
/// </summary>
/// <remarks>
/// <para>
/// Each call gets a thread of its own: starting a guest blocks for up to five seconds, and a tier of a recovery starts dozens, which
/// would starve the thread pool. Making a thread costs far less than any of these calls.
/// </para>
/// <para>
/// A call can hang for ever: libvirt waits without a limit for a QEMU that has taken a question and does not answer. Such a call gives up
/// its place to others after a while, and whoever waits for it is told at its limit. What hangs is one call a guest, since libvirt lets
/// each further one wait for half a minute only.
/// </para>
/// </remarks>
internal sealed class LibvirtWorker(TimeProvider time) : IAsyncDisposable
{
    private const int AtOnce = 16;
    private static readonly TimeSpan PlaceLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);
    private readonly SemaphoreSlim _free = new(AtOnce);
    private int _running;

    /// <summary>Whether no call is under way that may still use the connection.</summary>
    internal bool IsIdle => Volatile.Read(ref _running) == 0;

    /// <summary>Runs <paramref name="call"/>. Cancelling stops the waiting; a call that has begun runs to its end.</summary>
    /// <exception cref="TimeoutException">It did not end within the limit, and goes on.</exception>
    internal async Task<T> RunAsync<T>(Func<T> call, TimeSpan limit, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        Interlocked.Increment(ref _running);
        var held = 1;
        var late = time.CreateTimer(_ => Leave(), null, PlaceLimit, Timeout.InfiniteTimeSpan);
        var running = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    return call();
                }
                finally
                {
                    late.Dispose();
                    Interlocked.Decrement(ref _running);
                    Leave();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default);
        return await running.WaitAsync(limit, time, cancellationToken);

        void Leave()
        {
            if (Interlocked.Exchange(ref held, 0) == 1)
                _free.Release();
        }
    }

    /// <summary>
    /// Waits for the calls that have begun, but not for ever; calls that come later may still be made, and are refused by libvirt.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        var until = time.GetTimestamp();
        while (!IsIdle && time.GetElapsedTime(until) < EndLimit)
            await Task.Delay(TimeSpan.FromMilliseconds(20), time);
    }
}
