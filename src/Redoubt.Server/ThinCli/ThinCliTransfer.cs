namespace Redoubt.Server.ThinCli;

/// <summary>One file on its way between a thin client's request and the command that reads or writes it.</summary>
internal sealed class ThinCliTransfer(string method, string path, Action forget) : IDisposable
{
    private readonly TaskCompletionSource<Stream> _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the client asks.</summary>
    public string Method => method;

    /// <summary>Where.</summary>
    public string Path => path;

    /// <summary>What is to be read or written, once the client is there.</summary>
    public Task<Stream> Arrived => _arrived.Task;

    /// <summary>Lends the content to the command until that is done with it.</summary>
    /// <returns>Whether all of it went through.</returns>
    public Task<bool> ServeAsync(Stream content)
    {
        _arrived.SetResult(content);
        return _done.Task;
    }

    /// <summary>All of it went through.</summary>
    public void Finish() => _done.TrySetResult(true);

    /// <inheritdoc/>
    public void Dispose()
    {
        forget();
        _done.TrySetResult(false);
    }
}
