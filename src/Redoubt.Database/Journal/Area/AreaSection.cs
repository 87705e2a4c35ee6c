using System.Buffers.Binary;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// A numbered piece of what our area says beside its header. Each copy of the header has room for seven behind it, in the same block of the
/// disk; each piece has its own checksum, so that one can be written without the others. A number that a reader doesn't know it passes
/// over.
/// <code>
/// 0    16  "redoubt-section-"
/// 16    4  number, 1 to 7: its place is at 512 times that, behind the start of a copy of the header
/// 20    4  bytes of the content
/// 24    8  sequence: of two good copies the higher counts
/// 32  464  content, then NULs
/// 496  16  checksum of the 496 before
/// </code>
/// </summary>
internal sealed record AreaSection(int Number, long Sequence, byte[] Content)
{
    /// <summary>Bytes of a piece: a sector, the least that any disk writes whole.</summary>
    public const int Bytes = 512;

    /// <summary>The most that a piece can say.</summary>
    public const int MaxContentBytes = Bytes - ContentOffset - AreaSeal.Bytes;

    /// <summary>Who writes the volume: <see cref="VolumeOwner"/>.</summary>
    public const int OwnerNumber = 1;

    private const int ContentOffset = 32;

    private static ReadOnlySpan<byte> Magic => "redoubt-section-"u8;

    /// <summary>Where a copy of a piece lies, 0 or 1.</summary>
    public static long At(long start, int copy, int number) => AreaMap.HeaderAt(start, copy) + ((long)number * Bytes);

    /// <summary>The piece in bytes.</summary>
    public byte[] Encode()
    {
        var block = new byte[Bytes];
        Magic.CopyTo(block);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(16), Number);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(20), Content.Length);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(24), Sequence);
        Content.CopyTo(block, ContentOffset);
        AreaSeal.Set(block);
        return block;
    }

    /// <summary>The piece of this number in these bytes, or <see langword="null"/> where there is none or a damaged one.</summary>
    public static AreaSection? Decode(ReadOnlySpan<byte> block, int number)
    {
        if (!block.StartsWith(Magic) || !AreaSeal.Holds(block) || BinaryPrimitives.ReadInt32LittleEndian(block[16..]) != number)
            return null;
        var length = BinaryPrimitives.ReadInt32LittleEndian(block[20..]);
        return length is < 0 or > MaxContentBytes
            ? null
            : new AreaSection(number, BinaryPrimitives.ReadInt64LittleEndian(block[24..]), block.Slice(ContentOffset, length).ToArray());
    }

    /// <summary>One copy of a piece; <see langword="null"/> where there is none or a damaged one.</summary>
    /// <exception cref="IOException">The device does not give it.</exception>
    public static AreaSection? ReadCopy(JournalBytes bytes, long start, int copy, int number)
    {
        Span<byte> block = stackalloc byte[Bytes];
        return bytes.ReadAt(At(start, copy, number), block) == Bytes ? Decode(block, number) : null;
    }

    /// <summary>The newer of the two copies of a piece, and which one it is.</summary>
    /// <exception cref="IOException">The device gives neither.</exception>
    public static (AreaSection? Section, int Copy) Read(JournalBytes bytes, long start, int number)
    {
        (AreaSection? Section, int Copy) best = (null, 1);
        Span<byte> block = stackalloc byte[Bytes];
        IOException? failure = null;
        for (var copy = 0; copy < 2; copy++)
        {
            try
            {
                if (bytes.ReadAt(At(start, copy, number), block) == Bytes && Decode(block, number) is { } section
                    && section.Sequence > (best.Section?.Sequence ?? -1))
                {
                    best = (section, copy);
                }
            }
            catch (IOException e)
            {
                failure = e;
            }
        }

        return best.Section is null && failure is not null ? throw failure : best;
    }
}
