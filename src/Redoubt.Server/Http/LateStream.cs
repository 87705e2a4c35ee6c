using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>A stream to write to that is opened by the first byte.</summary>
internal sealed class LateStream(Func<Stream> open) : OutwardStream
{
    private Stream? _inner;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.IsEmpty ? ValueTask.CompletedTask : (_inner ??= open()).WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner?.FlushAsync(cancellationToken) ?? Task.CompletedTask;

    public override void Flush() => throw new NotSupportedException();

    public override void Write(ReadOnlySpan<byte> buffer) => throw new NotSupportedException();
}
