using System.IO.Pipelines;

namespace Redoubt.Pool;

/// <summary>A viewer's line to a console.</summary>
/// <param name="output">What comes from the guest; it ends with the guest.</param>
/// <param name="send">Sends something to the guest.</param>
/// <param name="close">Lets the console go.</param>
public sealed class ConsoleLine(
    PipeReader output, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, Func<ValueTask> close) : IAsyncDisposable
{
    /// <summary>What comes from the guest; it ends with the guest.</summary>
    public PipeReader Output => output;

    /// <summary>Sends something to the guest.</summary>
    /// <exception cref="IOException">The guest has gone.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => send(bytes, cancellationToken);

    /// <summary>Lets the console go.</summary>
    public async ValueTask DisposeAsync()
    {
        await output.CompleteAsync();
        await close();
    }
}
