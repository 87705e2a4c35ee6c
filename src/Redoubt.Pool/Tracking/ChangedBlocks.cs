namespace Redoubt.Pool;

/// <summary>Which blocks of a disk are others than those of another one.</summary>
internal static class ChangedBlocks
{
    private const int ChunkBytes = 2048 * BlockDigests.DigestBytes;

    /// <summary>Compares the digests of two disks; where the earlier one has no block, it counts as zeros.</summary>
    /// <param name="from">The digests of the earlier disk, read to their end.</param>
    /// <param name="to">Those of the later one.</param>
    /// <param name="blocks">How many the later one has.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="InvalidDataException">A disk is not what it is said to be.</exception>
    /// <returns>A bit for each block of the later one, the most significant of a byte first: 1 where they differ.</returns>
    public static async Task<byte[]> FindAsync(Stream from, Stream to, long blocks, CancellationToken cancellationToken)
    {
        var bitmap = new byte[(blocks + 7) / 8];
        var (earlier, later) = (new byte[ChunkBytes], new byte[ChunkBytes]);
        for (var block = 0L; ;)
        {
            // Both at once: each side reads a disk of its own.
            var counts = await Task.WhenAll(
                Task.Run(() => StreamComparison.FillAsync(from, earlier, cancellationToken), cancellationToken),
                Task.Run(() => StreamComparison.FillAsync(to, later, cancellationToken), cancellationToken));
            if (counts[1] > (blocks - block) * BlockDigests.DigestBytes)
            {
                throw new InvalidDataException("the later disk is longer than it is said to be");
            }

            for (var at = 0; at < counts[1]; at += BlockDigests.DigestBytes, block++)
            {
                if (!earlier.AsSpan(at, BlockDigests.DigestBytes).SequenceEqual(later.AsSpan(at, BlockDigests.DigestBytes)))
                {
                    bitmap[block / 8] |= (byte)(0x80 >> (int)(block % 8));
                }
            }

            // The earlier one's end says whether what was read of it is whole.
            if (counts.Max() < ChunkBytes)
            {
                return bitmap;
            }
        }
    }
}
