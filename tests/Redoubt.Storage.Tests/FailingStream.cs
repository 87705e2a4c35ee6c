using Redoubt.XenApi;

namespace Redoubt.Storage.Tests;

/// <summary>Gives some content, then does something unpleasant, then goes on as if nothing had happened.</summary>
internal sealed class FailingStream(byte[] content, Action atTheEnd) : ForwardStream
{
    private readonly MemoryStream _content = new(content);

    public override int Read(Span<byte> buffer)
    {
        var read = _content.Read(buffer);
        if (read == 0)
            atTheEnd();
        return read;
    }
}
