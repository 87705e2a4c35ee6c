using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>Writes forward into a device from one place on, for the writer of dumps; it buffers in large blocks already.</summary>
internal sealed class HalfStream(JournalDevice device, long start, AreaWriter? area) : Stream
{
    /// <summary>Where the next byte goes.</summary>
    public long At { get; private set; } = start;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => At;
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        device.WriteAt(At, buffer);
        area?.Cover(buffer);
        At += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Nothing: durability is the writer's to order.</summary>
    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
