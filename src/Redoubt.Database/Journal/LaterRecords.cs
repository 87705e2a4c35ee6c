using System.Buffers;

namespace Redoubt.Database.Journal;

/// <summary>
/// Looks for records that lie behind the place where a log ends or is cut, by the marker that closes each of them and a generation
/// higher than any read. Without that, a log whose next length was wiped would pass for one that simply ends there.
/// </summary>
internal static class LaterRecords
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>How many there are up to <paramref name="end"/>, and the highest generation among them.</summary>
    public static (int Count, long? LastSeen) Count(JournalBytes bytes, ReadOnlySpan<byte> marker, long start, long end, long above)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var (count, lastSeen) = (0, (long?)null);
            while (end - start >= JournalLayout.TrailerBytes)
            {
                var read = bytes.ReadAt(start, buffer.AsSpan(0, (int)Math.Min(ChunkBytes, end - start)));
                if (read < JournalLayout.TrailerBytes)
                    break;
                var chunk = buffer.AsSpan(0, read);
                var at = JournalLayout.NumberBytes;
                for (int found; (found = chunk[at..].IndexOf(marker)) >= 0; at += found + JournalLayout.MarkerBytes)
                {
                    var generation = JournalNumber.ParseGeneration(
                        chunk.Slice(at + found - JournalLayout.NumberBytes, JournalLayout.NumberBytes));
                    if (generation > above)
                        (count, lastSeen) = (count + 1, Math.Max(lastSeen ?? 0, generation.Value));
                    if (at + found + JournalLayout.MarkerBytes >= chunk.Length)
                    {
                        at = chunk.Length;
                        break;
                    }
                }

                // The next chunk begins so that a marker across the border is found once: behind the last one found.
                start += Math.Max(Math.Max(at, read - JournalLayout.MarkerBytes + 1) - JournalLayout.NumberBytes, 1);
            }

            return (count, lastSeen);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
