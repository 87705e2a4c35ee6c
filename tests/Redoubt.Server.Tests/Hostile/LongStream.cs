namespace Redoubt.Server.Tests.Hostile;

/// <summary>A stream with a beginning, and then bytes for as long as anybody reads, up to a length.</summary>
internal sealed class LongStream(byte[] beginning, long length) : Stream
{
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _at; set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var read = (int)Math.Min(count, length - _at);
        buffer.AsSpan(offset, read).Fill(1);
        if (_at < beginning.Length)
        {
            read = Math.Min(read, beginning.Length - (int)_at);
            beginning.AsSpan((int)_at, read).CopyTo(buffer.AsSpan(offset));
        }

        _at += read;
        return read;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
