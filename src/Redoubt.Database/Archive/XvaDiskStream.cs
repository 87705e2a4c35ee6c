using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>
/// The content of one disk in an archive, with the zeros that are left out there. Where a chunk belongs follows from the numbers before it,
/// and not from its own alone: one without content, which xapi sends to keep a connection alive, counts and has no place.
/// </summary>
internal sealed class XvaDiskStream(XvaReader archive, string disk, long bytes) : ForwardStream
{
    private ReadOnlyMemory<byte> _content;
    private long _zeros;
    private long _at;
    private long _chunkBytes = -1;
    private int _last = -1;
    private bool _isEnded;

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (buffer.Length > 0 && !_isEnded)
        {
            if (_zeros > 0)
            {
                var zeros = (int)Math.Min(buffer.Length, _zeros);
                buffer.Span[..zeros].Clear();
                _zeros -= zeros;
                return zeros;
            }

            if (_content.Length > 0)
            {
                var part = Math.Min(buffer.Length, _content.Length);
                _content[..part].CopyTo(buffer);
                _content = _content[part..];
                return part;
            }

            await FillAsync(cancellationToken);
        }

        return 0;
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (await archive.ReadChunkAsync(disk, cancellationToken) is not { } chunk)
        {
            // The last chunk is always there, whatever it holds: without it something has been lost.
            _isEnded = _at == bytes ? true : throw new XenApiException("IMPORT_ERROR_PREMATURE_EOF");
            return;
        }

        if (chunk.Number <= _last)
        {
            throw XvaReader.Broken($"chunk {chunk.Number} of {disk} comes after chunk {_last}");
        }

        _chunkBytes = _chunkBytes < 0 ? chunk.Content.Length : _chunkBytes;
        _zeros = (chunk.Number - _last - 1L) * _chunkBytes;
        _content = chunk.Content;
        _last = chunk.Number;
        _at += _zeros + _content.Length;
        if (_at > bytes)
        {
            throw XvaReader.Broken($"chunk {chunk.Number} of {disk} lies beyond the {bytes} bytes of the disk");
        }
    }
}
