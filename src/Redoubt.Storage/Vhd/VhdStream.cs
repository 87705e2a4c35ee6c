using Redoubt.XenApi;

namespace Redoubt.Storage.Vhd;

/// <summary>The bytes of a disk, from the first to the last.</summary>
internal sealed class VhdStream(VhdChain chain) : ForwardStream
{
    private long _at;

    public override int Read(Span<byte> buffer)
    {
        var count = (int)Math.Min(buffer.Length, chain.VirtualSizeBytes - _at);
        chain.Read(_at, buffer[..count]);
        _at += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            chain.Dispose();
        base.Dispose(disposing);
    }
}
