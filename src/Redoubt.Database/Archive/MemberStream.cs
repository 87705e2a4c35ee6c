using Redoubt.XenApi;

namespace Redoubt.Database.Archive;

/// <summary>The content of an archive's member: no more is read from the archive than belongs to it.</summary>
internal sealed class MemberStream(Stream archive, long length) : ForwardStream
{
    /// <summary>How much of the content has not been read.</summary>
    public long LeftBytes { get; private set; } = length;

    /// <summary>Whether the archive ended before the content did.</summary>
    public bool IsCutShort { get; private set; }

    public override int Read(Span<byte> buffer)
    {
        var read = archive.Read(buffer[..(int)Math.Min(buffer.Length, LeftBytes)]);
        IsCutShort |= read == 0 && LeftBytes > 0 && buffer.Length > 0;
        LeftBytes -= read;
        return read;
    }
}
