namespace Redoubt.XenApi;

/// <summary>Reads another stream and tells how far it has come.</summary>
internal sealed class CountingStream(Stream inner, IProgress<long>? progress) : ForwardStream
{
    private long count;

    public override int Read(Span<byte> buffer) => Count(inner.Read(buffer));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadAsync(buffer, cancellationToken));

    private int Count(int read)
    {
        count += read;
        progress?.Report(count);
        return read;
    }
}
