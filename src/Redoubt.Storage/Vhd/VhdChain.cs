using System.Collections;

namespace Redoubt.Storage.Vhd;

/// <summary>A disk as a guest sees it: what its own file does not have is its parent's, and what none has reads as zeros.</summary>
/// <remarks>For one reader at a time.</remarks>
/// <param name="layers">The disk's own file first, then its parent's, and so on.</param>
internal sealed class VhdChain(IReadOnlyList<VhdLayer> layers) : IDisposable
{
    /// <summary>The size of the disk, in bytes.</summary>
    public long VirtualSizeBytes => layers[0].SizeBytes;

    /// <summary>Reads, within the disk.</summary>
    public void Read(long offset, Span<byte> buffer) => Read(0, offset, buffer);

    /// <summary>Which pieces of the disk any of its files has anything of. The others read as zeros.</summary>
    public BitArray Pieces(int pieceBytes)
    {
        var pieces = new BitArray((int)((VirtualSizeBytes + pieceBytes - 1) / pieceBytes));
        foreach (var layer in layers)
            layer.Mark(pieces, pieceBytes);
        return pieces;
    }

    public void Dispose()
    {
        foreach (var layer in layers)
            layer.Dispose();
    }

    private void Read(int depth, long offset, Span<byte> buffer)
    {
        if (depth == layers.Count)
        {
            buffer.Clear();
            return;
        }

        // A child may have been made larger than its parent is.
        var layer = layers[depth];
        var known = (int)Math.Clamp(layer.SizeBytes - offset, 0, buffer.Length);
        buffer[known..].Clear();
        for (var done = 0; done < known;)
        {
            var (isHere, count) = layer.Look(offset + done, known - done);
            var part = buffer.Slice(done, count);
            if (isHere)
                layer.Read(offset + done, part);
            else
                Read(depth + 1, offset + done, part);
            done += count;
        }
    }
}
