using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// What stands at the head of a half in the place of a database that is too large for it: where in our area it lies, compressed. The log
/// follows behind, as behind any database. To xapi there is none. Little-endian.
/// <code>
/// 0     36  marker of the half
/// 36    16  NUL, where xapi's form has the length of the database
/// 52    16  "redoubt-large---"; written last, so that a half which is being written never looks whole
/// 68     8  generation
/// 76     8  when it was written, ms since 1970 UTC
/// 84     8  bytes of the dump
/// 92     8  stored bytes
/// 100   16  checksum of the stored bytes
/// 116    4  number of extents
/// 120   16  each: 8 offset in the volume, 8 bytes
///       16  checksum of all before
/// </code>
/// </summary>
internal sealed record LargeDatabase(
    string Marker, long Generation, long WrittenAtMs, long DumpBytes, long StoredBytes, UInt128 Checksum,
    ImmutableArray<StoredExtent> Extents)
{
    /// <summary>Where in the half the tag lies.</summary>
    public const int TagOffset = JournalLayout.MarkerBytes + JournalLayout.NumberBytes;

    private const int ExtentsOffset = 120;
    private const int ExtentBytes = 16;
    private const int ChunkBytes = 1 << 20;

    /// <summary>What tells it from the first bytes of a dump.</summary>
    public static ReadOnlySpan<byte> Tag => "redoubt-large---"u8;

    /// <summary>Bytes of the record.</summary>
    public int RecordBytes => ExtentsOffset + (ExtentBytes * Extents.Length) + AreaSeal.Bytes;

    /// <summary>The record in bytes.</summary>
    public byte[] Encode()
    {
        var block = new byte[RecordBytes];
        Encoding.Latin1.GetBytes(Marker, block);
        Tag.CopyTo(block.AsSpan(TagOffset));
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(68), Generation);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(76), WrittenAtMs);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(84), DumpBytes);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(92), StoredBytes);
        BinaryPrimitives.WriteUInt128BigEndian(block.AsSpan(100), Checksum);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(116), Extents.Length);
        for (var i = 0; i < Extents.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(ExtentsOffset + (ExtentBytes * i)), Extents[i].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(ExtentsOffset + (ExtentBytes * i) + 8), Extents[i].Bytes);
        }

        AreaSeal.Set(block);
        return block;
    }

    /// <summary>
    /// The record at the head of a half; <see langword="null"/> where there is none, or where it is damaged, and then that is told.
    /// </summary>
    /// <exception cref="IOException">The device does not give it.</exception>
    public static LargeDatabase? Read(JournalBytes bytes, JournalLayout layout, JournalHalf half, out string? problem)
    {
        problem = null;
        Span<byte> head = stackalloc byte[ExtentsOffset];
        var start = layout.StartOf(half);
        if (layout.Area is null || bytes.ReadAt(start, head) < head.Length || !head[TagOffset..].StartsWith(Tag)
            || head.Slice(JournalLayout.MarkerBytes, JournalLayout.NumberBytes).ContainsAnyExcept((byte)0))
        {
            return null;
        }

        problem = "the record that says where the database lies is damaged";
        var count = BinaryPrimitives.ReadInt32LittleEndian(head[116..]);
        if (count < 0 || count > (layout.HalfBytes - ExtentsOffset - AreaSeal.Bytes) / ExtentBytes)
            return null;
        var block = new byte[ExtentsOffset + (ExtentBytes * count) + AreaSeal.Bytes];
        if (bytes.ReadAt(start, block) < block.Length || !AreaSeal.Holds(block)
            || !JournalMarker.IsOurs(block.AsSpan(0, JournalLayout.MarkerBytes)))
            return null;
        var extents = ImmutableArray.CreateBuilder<StoredExtent>(count);
        for (var at = ExtentsOffset; at < block.Length - AreaSeal.Bytes; at += ExtentBytes)
            extents.Add(
                new StoredExtent(
                    BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(at)),
                    BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(at + 8))));
        problem = null;
        return new LargeDatabase(
            Encoding.Latin1.GetString(block, 0, JournalLayout.MarkerBytes), BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(68)),
            BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(76)), BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(84)),
            BinaryPrimitives.ReadInt64LittleEndian(block.AsSpan(92)), BinaryPrimitives.ReadUInt128BigEndian(block.AsSpan(100)),
            extents.MoveToImmutable());
    }

    /// <summary>The database, or what is wrong with it. Never throws on what is there.</summary>
    public (DatabaseDump? Dump, string? Problem) Open(JournalBytes bytes, DumpLimits limits)
    {
        try
        {
            if (!Holds(bytes))
                return (null, $"the checksum of the compressed database of generation {Generation} does not hold");
            using var brotli = new BrotliStream(new ExtentStream(bytes, Extents), CompressionMode.Decompress);
            var dump = DumpReader.Read(brotli, limits);
            return dump.Manifest.Generation == Generation
                ? (dump, null)
                : (null, $"the database says generation {dump.Manifest.Generation}, its record {Generation}");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException or DumpFormatException)
        {
            return (null, $"the compressed database of generation {Generation} cannot be read: {e.Message}");
        }
    }

    private bool Holds(JournalBytes bytes)
    {
        if (Extents.Any(e => e.Offset < 0 || e.Bytes <= 0 || e.Offset > long.MaxValue - e.Bytes)
            || Extents.Aggregate(Int128.Zero, (sum, e) => sum + e.Bytes) != StoredBytes)
            return false;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var stored = new ExtentStream(bytes, Extents);
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
        try
        {
            for (int read; (read = stored.Read(buffer)) > 0;)
                hash.AppendData(buffer, 0, read);
            return AreaSeal.Of(hash) == Checksum;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
