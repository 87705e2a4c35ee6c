using System.Buffers.Binary;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// What one flush left in a half: the first record of a half is for the database, each further one for a batch. Little-endian.
/// <code>
/// 0     4  "RPRF"
/// 4     4  number of the record in its half, from 0; also its place
/// 8     8  life: which full write of the volume this half got, counted from 1
/// 16    8  generation of the database after it
/// 24    8  when it was written, ms since 1970 UTC
/// 32    8  where in the half it ends
/// 40   36  marker of the half
/// 76    4  zero
/// 80   16  checksum of the half from its first byte to that end
/// 96   16  checksum of what this flush wrote alone: from the end of the record before to its own
/// 112  16  checksum of the 112 before
/// </code>
/// </summary>
/// <remarks>
/// The checksum runs from the start of the half, so each record stands alone: one that is lost takes nothing from those behind it. The
/// other one lets a log go on from a database that came from elsewhere.
/// </remarks>
internal sealed record ProofRecord(
    int Number, long Life, long Generation, long WrittenAtMs, long End, string Marker, UInt128 Checksum, UInt128 OwnChecksum)
{
    /// <summary>Bytes of a record.</summary>
    public const int Bytes = 128;

    private static ReadOnlySpan<byte> Tag => "RPRF"u8;

    /// <summary>When it was written.</summary>
    public DateTimeOffset WrittenAt => AreaTime.Of(WrittenAtMs);

    /// <summary>Fills the bytes of a record.</summary>
    public void Encode(Span<byte> block)
    {
        block.Clear();
        Tag.CopyTo(block);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(block[8..], Life);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(block[24..], WrittenAtMs);
        BinaryPrimitives.WriteInt64LittleEndian(block[32..], End);
        System.Text.Encoding.Latin1.GetBytes(Marker, block.Slice(40, JournalLayout.MarkerBytes));
        BinaryPrimitives.WriteUInt128BigEndian(block[80..], Checksum);
        BinaryPrimitives.WriteUInt128BigEndian(block[96..], OwnChecksum);
        AreaSeal.Set(block);
    }

    /// <summary>The record in these bytes, or <see langword="null"/> when they are none.</summary>
    public static ProofRecord? Decode(ReadOnlySpan<byte> block) => !block.StartsWith(Tag) || !AreaSeal.Holds(block)
        ? null
        : new ProofRecord(
            BinaryPrimitives.ReadInt32LittleEndian(block[4..]), BinaryPrimitives.ReadInt64LittleEndian(block[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[16..]), BinaryPrimitives.ReadInt64LittleEndian(block[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[32..]),
            System.Text.Encoding.Latin1.GetString(block.Slice(40, JournalLayout.MarkerBytes)),
            BinaryPrimitives.ReadUInt128BigEndian(block[80..]), BinaryPrimitives.ReadUInt128BigEndian(block[96..]));
}
