namespace Redoubt.Database.Archive;

/// <summary>The content of an archive's member: no more is read from the archive than belongs to it.</summary>
internal sealed class MemberStream(Stream archive, long length) : Stream
{
    /// <summary>How much of the content has not been read.</summary>
    public long LeftBytes { get; private set; } = length;

    /// <summary>Whether the archive ended before the content did.</summary>
    public bool IsCutShort { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = archive.Read(buffer[..(int)Math.Min(buffer.Length, LeftBytes)]);
        IsCutShort |= read == 0 && LeftBytes > 0 && buffer.Length > 0;
        LeftBytes -= read;
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
