namespace Redoubt.Pool;

/// <summary>Compares what two disks read as.</summary>
internal static class StreamComparison
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Reads both to their ends; where one is longer, the rest of it has to be zeros.</summary>
    /// <returns>The offset of the first byte that is another one; null if there is none.</returns>
    public static async Task<long?> FindDifferenceAsync(Stream one, Stream other, CancellationToken cancellationToken)
    {
        var (mine, theirs) = (new byte[ChunkBytes], new byte[ChunkBytes]);
        for (var at = 0L; ; at += ChunkBytes)
        {
            var count = await FillAsync(one, mine, cancellationToken) | await FillAsync(other, theirs, cancellationToken);
            var same = mine.AsSpan().CommonPrefixLength(theirs);
            if (same < ChunkBytes)
            {
                return at + same;
            }

            if (count == 0)
            {
                return null;
            }
        }
    }

    /// <summary>Reads as much of a stream as there is room, with zeros after its end.</summary>
    /// <returns>How much of it there was.</returns>
    public static async Task<int> FillAsync(Stream stream, byte[] chunk, CancellationToken cancellationToken)
    {
        var count = await stream.ReadAtLeastAsync(chunk, chunk.Length, throwOnEndOfStream: false, cancellationToken);
        chunk.AsSpan(count).Clear();
        return count;
    }
}
