using Redoubt.XenApi;

namespace Redoubt.Server.Tests.Hostile;

/// <summary>A stream with a beginning, and then bytes for as long as anybody reads, up to a length.</summary>
internal sealed class LongStream(byte[] beginning, long length) : ForwardStream
{
    private long _at;

    public override int Read(Span<byte> buffer)
    {
        var read = (int)Math.Min(buffer.Length, length - _at);
        buffer[..read].Fill(1);
        if (_at < beginning.Length)
        {
            read = Math.Min(read, beginning.Length - (int)_at);
            beginning.AsSpan((int)_at, read).CopyTo(buffer);
        }

        _at += read;
        return read;
    }
}
