namespace Redoubt.Storage;

/// <summary>
/// Runs what may wait for storage on a thread of its own: storage that hangs would take the thread pool's away one by one, and everything
/// else in the process waits for those.
/// </summary>
internal static class OwnThread
{
    internal static Task<T> RunAsync<T>(Func<T> call, CancellationToken cancellationToken) => Task.Factory.StartNew(
        call, cancellationToken, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
