using System.Collections.Immutable;
using Redoubt.XenApi;

namespace Redoubt.Database.Journal.Area;

/// <summary>Several stretches of a volume, one after the other. A volume that ends early ends it.</summary>
internal sealed class ExtentStream(JournalBytes bytes, ImmutableArray<StoredExtent> extents) : ForwardStream
{
    private int _extent;
    private long _at;

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
}
