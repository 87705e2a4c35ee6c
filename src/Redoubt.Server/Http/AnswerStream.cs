using Microsoft.AspNetCore.Http;

namespace Redoubt.Server.Http;

/// <summary>
/// Between writers that write whenever they like and a client that reads as slowly as it likes: what is written is collected, and sent
/// in between without holding a thread. A short answer goes out in one piece, with its length.
/// </summary>
internal sealed class AnswerStream(HttpResponse response, CancellationToken gone) : Stream
{
    private const int Enough = 64 * 1024;

    private readonly MemoryStream _collected = new();
    private bool _begun;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Sends what has been collected if it is worth it.</summary>
    public async ValueTask DrainAsync()
    {
        if (_collected.Length >= Enough)
        {
            _begun = true;
            await SendAsync();
        }
    }

    /// <summary>Sends the rest.</summary>
    public async Task FinishAsync()
    {
        if (!_begun)
        {
            response.ContentLength = _collected.Length;
        }

        await SendAsync();
    }

    public override void Write(byte[] buffer, int offset, int count) => _collected.Write(buffer, offset, count);

    public override void Write(ReadOnlySpan<byte> buffer) => _collected.Write(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _collected.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        _collected.Write(buffer, offset, count);
        return Task.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task SendAsync()
    {
        await response.Body.WriteAsync(_collected.GetBuffer().AsMemory(0, (int)_collected.Length), gone);
        _collected.SetLength(0);
    }
}
