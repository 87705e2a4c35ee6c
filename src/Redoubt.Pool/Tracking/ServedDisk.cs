namespace Redoubt.Pool;

/// <summary>A disk that is open for a client to read over the network, until this is disposed of.</summary>
/// <param name="connect">Connects to whoever serves it.</param>
/// <param name="leave">Lets it go.</param>
public sealed class ServedDisk(Func<CancellationToken, Task<Stream>> connect, Func<Task> leave) : IAsyncDisposable
{
    private Func<Task>? _leave = leave;

    /// <summary>Connects to the NBD server of the disk, which has one export: <see cref="ServedDisks.ExportName"/>.</summary>
    /// <exception cref="IOException">It has ended.</exception>
    public Task<Stream> ConnectAsync(CancellationToken cancellationToken) => connect(cancellationToken);

    /// <summary>Lets it go. May be repeated.</summary>
    public async ValueTask DisposeAsync() => await (Interlocked.Exchange(ref _leave, null)?.Invoke() ?? Task.CompletedTask);
}
