using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// The head of our area, little-endian.
/// <code>
/// 0    16  "redoubt-area----"
/// 16    4  version, 1
/// 20    4  zero
/// 24    8  sequence: of two copies the higher counts
/// 32    8  bytes of the area
/// 40    4  bytes of a directory
/// 44    4  bytes of the proof records of a half
/// 48    4  bytes of a block
/// 52    4  bytes of the pool's name, at most 400
/// 56   16  UUID of the pool, as it is written
/// 72    8  when this was written, ms since 1970 UTC
/// 80  400  name of the pool, UTF-8, padded with NUL
/// 480  16  zero
/// 496  16  checksum of the 496 before
/// </code>
/// </summary>
internal sealed record AreaHeader(long Sequence, AreaMap Map, PoolIdentity Pool, long WrittenAtMs)
{
    /// <summary>Bytes of a header.</summary>
    public const int Bytes = 512;

    private const int Version = 1;
    private const int NameOffset = 80;

    private static ReadOnlySpan<byte> Magic => "redoubt-area----"u8;

    /// <summary>The header in bytes.</summary>
    public byte[] Encode()
    {
        var block = new byte[Bytes];
        Magic.CopyTo(block);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(16), Version);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(24), Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(32), Map.Bytes);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(40), Map.DirectoryBytes);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(44), Map.ProofBytes);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(48), Map.BlockBytes);
        var name = Encoding.UTF8.GetBytes(Pool.Name);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(52), name.Length);
        Pool.Uuid.TryWriteBytes(block.AsSpan(56), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(72), WrittenAtMs);
        name.CopyTo(block, NameOffset);
        AreaSeal.Set(block);
        return block;
    }

    /// <summary>
    /// The header in these bytes, or <see langword="null"/> and what is wrong; nothing is wrong where there never was one.
    /// </summary>
    public static AreaHeader? Decode(ReadOnlySpan<byte> block, long start, out string? problem)
    {
        problem = null;
        if (!block.StartsWith(Magic))
            return null;
        problem = "damaged";
        if (!AreaSeal.Holds(block))
            return null;
        var version = BinaryPrimitives.ReadInt32LittleEndian(block[16..]);
        if (version != Version)
        {
            problem = $"of version {version}, which this Redoubt does not know";
            return null;
        }

        var map = new AreaMap(
            start, BinaryPrimitives.ReadInt64LittleEndian(block[32..]), BinaryPrimitives.ReadInt32LittleEndian(block[40..]),
            BinaryPrimitives.ReadInt32LittleEndian(block[44..]), BinaryPrimitives.ReadInt32LittleEndian(block[48..]));
        var nameBytes = BinaryPrimitives.ReadInt32LittleEndian(block[52..]);
        if (map.DirectoryBytes < HistoryDirectory.HeadBytes + AreaSeal.Bytes || map.ProofBytes < ProofRecord.Bytes || map.BlockBytes <= 0
            || map.BlocksAt > start + map.Bytes || nameBytes is < 0 or > PoolIdentity.MaxNameBytes)
        {
            return null;
        }

        problem = null;
        var pool = new PoolIdentity(
            new Guid(block.Slice(56, 16), bigEndian: true), Encoding.UTF8.GetString(block.Slice(NameOffset, nameBytes)));
        return new AreaHeader(
            BinaryPrimitives.ReadInt64LittleEndian(block[24..]), map, pool, BinaryPrimitives.ReadInt64LittleEndian(block[72..]));
    }

    /// <summary>The newer of the two copies, which one it is, and what is wrong with the others.</summary>
    /// <exception cref="IOException">The device gives neither.</exception>
    public static (AreaHeader? Header, int Copy, string? Problem) Read(JournalBytes bytes, long start)
    {
        (AreaHeader? Header, int Copy, string? Problem) best = (null, 1, null);
        Span<byte> block = stackalloc byte[Bytes];
        IOException? failure = null;
        for (var copy = 0; copy < 2; copy++)
        {
            try
            {
                if (bytes.ReadAt(AreaMap.HeaderAt(start, copy), block) < block.Length)
                    continue;
                var header = Decode(block, start, out var problem);
                best.Problem ??= problem is null ? null : $"the header of Redoubt's area is {problem}";
                if (header is not null && header.Sequence > (best.Header?.Sequence ?? -1))
                    (best.Header, best.Copy) = (header, copy);
            }
            catch (IOException e)
            {
                failure = e;
                best.Problem ??= $"the device failed to give the header of Redoubt's area: {e.Message}";
            }
        }

        return best.Header is null && failure is not null ? throw failure : best;
    }
}
