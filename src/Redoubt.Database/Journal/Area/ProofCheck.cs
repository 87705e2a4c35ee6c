using System.Buffers;
using System.Security.Cryptography;

namespace Redoubt.Database.Journal.Area;

/// <summary>The bytes of a half compared with its proof records.</summary>
/// <param name="IsFresh">Whether the records are about what lies in the half now. Where xapi wrote since, they are not.</param>
/// <param name="LastProven">The last record whose checksum holds: all before its end is as it was written.</param>
/// <param name="Failing">The first record whose checksum does not hold.</param>
internal sealed record ProofCheck(bool IsFresh, ProofRecord? LastProven, ProofRecord? Failing)
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>Nothing is proven and nothing is refuted.</summary>
    public static ProofCheck None { get; } = new(false, null, null);

    /// <summary>Compares. A stretch that the device does not give does not hold.</summary>
    public static ProofCheck Of(JournalBytes bytes, JournalLayout layout, JournalHalf half, ProofList list, string marker)
    {
        if (list.Last is not { } last || last.Marker != marker)
            return None;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var (at, proven) = (0L, (ProofRecord?)null);
            foreach (var record in list.Records)
            {
                if (record.End <= at || record.End > layout.HalfBytes || !Append(bytes, layout.StartOf(half), at, record.End, hash, buffer)
                    || AreaSeal.Of(hash) != record.Checksum)
                {
                    return new ProofCheck(true, proven, record);
                }

                (at, proven) = (record.End, record);
            }

            return new ProofCheck(true, proven, null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Compares batches alone, for a log whose database came from elsewhere: from the one after the first record on, without a gap.
    /// </summary>
    public static ProofCheck OfBatches(JournalBytes bytes, JournalLayout layout, JournalHalf half, ProofList list)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            var proven = list.Records[0];
            foreach (var record in list.Records.Skip(1))
            {
                if (record.Number != proven.Number + 1 || record.End <= proven.End || record.End > layout.HalfBytes
                    || !Append(bytes, layout.StartOf(half), proven.End, record.End, hash, buffer))
                {
                    return new ProofCheck(true, proven, record);
                }

                var holds = AreaSeal.Of(hash) == record.OwnChecksum;
                if (!holds)
                    return new ProofCheck(true, proven, record);
                hash.GetHashAndReset();
                proven = record;
            }

            return new ProofCheck(true, proven, null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool Append(JournalBytes bytes, long start, long from, long to, IncrementalHash hash, byte[] buffer)
    {
        try
        {
            for (var at = from; at < to;)
            {
                var chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - at));
                if (bytes.ReadAt(start + at, chunk) < chunk.Length)
                    return false;
                hash.AppendData(chunk);
                at += chunk.Length;
            }

            return true;
        }
        catch (IOException)
        {
            // Told apart from wrong bytes by the reader of the log, which goes the same way and reports what the device said.
            return false;
        }
    }
}
