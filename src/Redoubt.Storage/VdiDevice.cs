namespace Redoubt.Storage;

/// <summary>
/// A raw disk of an SR as a file or block device of this host, for whoever reads and writes bytes at offsets: what is written there and
/// flushed is durable on the SR, whatever that is. It is there until it is let go.
/// </summary>
/// <param name="path">An absolute path.</param>
/// <param name="letGo">Takes it away; null if it stays.</param>
public sealed class VdiDevice(string path, Func<ValueTask>? letGo = null) : IAsyncDisposable
{
    private Func<ValueTask>? _letGo = letGo;

    /// <summary>Where it is.</summary>
    public string Path => path;

    /// <summary>Lets it go. May be repeated, and may come after the SR has been detached.</summary>
    public ValueTask DisposeAsync() => Interlocked.Exchange(ref _letGo, null)?.Invoke() ?? ValueTask.CompletedTask;
}
