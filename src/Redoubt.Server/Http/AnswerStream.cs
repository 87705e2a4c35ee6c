using Microsoft.AspNetCore.Http;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>
/// Between writers that write whenever they like and a client that reads as slowly as it likes: what is written is collected, and sent
/// in between without holding a thread. A short answer goes out in one piece, with its length.
/// </summary>
internal sealed class AnswerStream(HttpResponse response, CancellationToken gone) : OutwardStream
{
    private const int Enough = 64 * 1024;

    private readonly MemoryStream _collected = new();
    private bool _begun;

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

    public override void Write(ReadOnlySpan<byte> buffer) => _collected.Write(buffer);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _collected.Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    private async Task SendAsync()
    {
        await response.Body.WriteAsync(_collected.GetBuffer().AsMemory(0, (int)_collected.Length), gone);
        _collected.SetLength(0);
    }
}
