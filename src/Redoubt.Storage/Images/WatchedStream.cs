using Redoubt.XenApi;

namespace Redoubt.Storage.Images;

/// <summary>Reads another stream and remembers its failure, so that a sender who hangs up is not taken for storage that failed.</summary>
internal sealed class WatchedStream(Stream inner) : ForwardStream
{
    /// <summary>What the other stream threw, if it did.</summary>
    public Exception? Failure { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return inner.Read(buffer);
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
    }
}
