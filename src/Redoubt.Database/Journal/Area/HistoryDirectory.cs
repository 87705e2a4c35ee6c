using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// What the history holds, little-endian.
/// <code>
/// 0    16  "redoubt-history-"
/// 16    8  sequence: of two copies the higher counts
/// 24    4  number of entries
/// 28    4  bytes of all entries
/// 32    8  number for the next entry
/// 40    8  zero
/// 48       the entries
///      16  checksum of all before
///
/// entry
/// 0     8  number           40    4  VMs                64    16  checksum of the stored bytes
/// 8     8  generation       44    4  vApps              80     4  bytes of the pool's name
/// 16    8  written, ms      48    8  bytes of the dump  84     4  number of extents
/// 24   16  UUID of the pool 56    8  stored bytes       88        the extents: 4 first block, 4 number of blocks
///                                                                 the name
/// </code>
/// </summary>
internal sealed record HistoryDirectory(long Sequence, long NextId, ImmutableArray<HistoryEntry> Entries)
{
    /// <summary>Bytes before the entries.</summary>
    public const int HeadBytes = 48;

    private const int EntryBytes = 88;

    /// <summary>A history that holds nothing.</summary>
    public static HistoryDirectory Empty { get; } = new(0, 1, []);

    private static ReadOnlySpan<byte> Magic => "redoubt-history-"u8;

    /// <summary>The directory in bytes.</summary>
    public byte[] Encode()
    {
        var entries = new ArrayBufferWriter<byte>();
        foreach (var entry in Entries)
            Encode(entry, entries);
        var block = new byte[HeadBytes + entries.WrittenCount + AreaSeal.Bytes];
        Magic.CopyTo(block);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(16), Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(24), Entries.Length);
        BinaryPrimitives.WriteInt32LittleEndian(block.AsSpan(28), entries.WrittenCount);
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(32), NextId);
        entries.WrittenSpan.CopyTo(block.AsSpan(HeadBytes));
        AreaSeal.Set(block);
        return block;
    }

    /// <summary>The newer of the two copies, which one it is, and what is wrong with the other. Never throws on what is there.</summary>
    public static (HistoryDirectory Directory, int Copy, string? Problem) Read(JournalBytes bytes, AreaMap map)
    {
        (HistoryDirectory Directory, int Copy, string? Problem) best = (Empty, 1, null);
        for (var copy = 0; copy < 2; copy++)
        {
            try
            {
                var directory = Read(bytes, map, copy, out var problem);
                best.Problem ??= problem;
                if (directory is not null && directory.Sequence > best.Directory.Sequence)
                    (best.Directory, best.Copy) = (directory, copy);
            }
            catch (IOException e)
            {
                best.Problem ??= $"the device failed to give the directory of the history: {e.Message}";
            }
        }

        return best;
    }

    private static HistoryDirectory? Read(JournalBytes bytes, AreaMap map, int copy, out string? problem)
    {
        problem = null;
        var head = new byte[HeadBytes];
        if (bytes.ReadAt(map.DirectoryAt(copy), head) < head.Length || !head.AsSpan().StartsWith(Magic))
        {
            problem = head.AsSpan().ContainsAnyExcept((byte)0) ? "a copy of the directory of the history is damaged" : null;
            return null;
        }

        problem = "a copy of the directory of the history is damaged";
        var length = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(28));
        if (length < 0 || length > map.DirectoryBytes - HeadBytes - AreaSeal.Bytes)
            return null;
        var block = new byte[HeadBytes + length + AreaSeal.Bytes];
        if (bytes.ReadAt(map.DirectoryAt(copy), block) < block.Length || !AreaSeal.Holds(block))
            return null;
        var entries = ImmutableArray.CreateBuilder<HistoryEntry>();
        var rest = block.AsSpan(HeadBytes, length);
        for (var i = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(24)); i > 0; i--)
        {
            if (Decode(ref rest) is not { } entry)
                return null;
            entries.Add(entry);
        }

        problem = null;
        return new HistoryDirectory(
            BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(16)), BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(32)),
            entries.ToImmutable());
    }

    private static void Encode(HistoryEntry entry, ArrayBufferWriter<byte> output)
    {
        var name = Encoding.UTF8.GetBytes(entry.Pool.Name);
        var length = EntryBytes + (8 * entry.Extents.Length) + name.Length;
        var block = output.GetSpan(length)[..length];
        block.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(block, entry.Id);
        BinaryPrimitives.WriteInt64LittleEndian(block[8..], entry.Generation);
        BinaryPrimitives.WriteInt64LittleEndian(block[16..], entry.WrittenAt.ToUnixTimeMilliseconds());
        entry.Pool.Uuid.TryWriteBytes(block[24..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(block[40..], entry.Vms);
        BinaryPrimitives.WriteInt32LittleEndian(block[44..], entry.VApps);
        BinaryPrimitives.WriteInt64LittleEndian(block[48..], entry.DumpBytes);
        BinaryPrimitives.WriteInt64LittleEndian(block[56..], entry.StoredBytes);
        BinaryPrimitives.WriteUInt128BigEndian(block[64..], entry.Checksum);
        BinaryPrimitives.WriteInt32LittleEndian(block[80..], name.Length);
        BinaryPrimitives.WriteInt32LittleEndian(block[84..], entry.Extents.Length);
        for (var i = 0; i < entry.Extents.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(block[(EntryBytes + (8 * i))..], entry.Extents[i].First);
            BinaryPrimitives.WriteInt32LittleEndian(block[(EntryBytes + (8 * i) + 4)..], entry.Extents[i].Count);
        }

        name.CopyTo(block[^name.Length..]);
        output.Advance(length);
    }

    private static HistoryEntry? Decode(ref Span<byte> rest)
    {
        if (rest.Length < EntryBytes)
            return null;
        var (name, extents) = (BinaryPrimitives.ReadInt32LittleEndian(rest[80..]), BinaryPrimitives.ReadInt32LittleEndian(rest[84..]));
        if (name < 0 || extents < 0 || extents > rest.Length / 8 || name > rest.Length || EntryBytes + (8 * extents) + name > rest.Length)
            return null;
        var places = ImmutableArray.CreateBuilder<HistoryExtent>(extents);
        for (var i = 0; i < extents; i++)
        {
            places.Add(new HistoryExtent(
                BinaryPrimitives.ReadInt32LittleEndian(rest[(EntryBytes + (8 * i))..]),
                BinaryPrimitives.ReadInt32LittleEndian(rest[(EntryBytes + (8 * i) + 4)..])));
        }

        var entry = new HistoryEntry
        {
            Id = BinaryPrimitives.ReadInt64LittleEndian(rest),
            Generation = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]),
            WrittenAt = AreaTime.Of(BinaryPrimitives.ReadInt64LittleEndian(rest[16..])),
            Pool = new PoolIdentity(
                new Guid(rest.Slice(24, 16), bigEndian: true), Encoding.UTF8.GetString(rest.Slice(EntryBytes + (8 * extents), name))),
            Vms = BinaryPrimitives.ReadInt32LittleEndian(rest[40..]),
            VApps = BinaryPrimitives.ReadInt32LittleEndian(rest[44..]),
            DumpBytes = BinaryPrimitives.ReadInt64LittleEndian(rest[48..]),
            StoredBytes = BinaryPrimitives.ReadInt64LittleEndian(rest[56..]),
            Checksum = BinaryPrimitives.ReadUInt128BigEndian(rest[64..]),
            Extents = places.MoveToImmutable(),
        };
        rest = rest[(EntryBytes + (8 * extents) + name)..];
        return entry;
    }
}
