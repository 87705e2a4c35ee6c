namespace Redoubt.Compute.Libvirt;

/// <summary>
/// Runs blocking libvirt calls away from the caller, a bounded number at once.
/// </summary>
/// <remarks>
/// Each call gets a thread of its own: starting a guest blocks for up to five seconds, and a tier of a recovery starts dozens, which
/// would starve the thread pool. Making a thread costs far less than any of these calls.
/// </remarks>
internal sealed class LibvirtWorker : IAsyncDisposable
{
    private const int AtOnce = 16;
    private readonly SemaphoreSlim _free = new(AtOnce);

    /// <summary>Runs <paramref name="call"/>. Cancelling stops the waiting; a call that has begun runs to its end.</summary>
    internal async Task<T> RunAsync<T>(Func<T> call, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        var running = Task.Factory.StartNew(
            () =>
            {
                try
                {
                    return call();
                }
                finally
                {
                    _free.Release();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default);
        return await running.WaitAsync(cancellationToken);
    }

    /// <summary>Waits for every call that has begun; calls that come later are refused.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < AtOnce; i++)
            await _free.WaitAsync();
        _free.Dispose();
    }
}
