using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>A read-only, forward-only view of several stretches of a volume, one after the other. A volume that ends early ends it.</summary>
internal sealed class ExtentStream(JournalBytes bytes, ImmutableArray<StoredExtent> extents) : Stream
{
    private int _extent;
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _at;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        while (_extent < extents.Length && _at == extents[_extent].Bytes)
            (_extent, _at) = (_extent + 1, 0);
        if (_extent == extents.Length)
            return 0;
        var extent = extents[_extent];
        var read = bytes.ReadAt(extent.Offset + _at, buffer[..(int)Math.Min(buffer.Length, extent.Bytes - _at)]);
        _at += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
