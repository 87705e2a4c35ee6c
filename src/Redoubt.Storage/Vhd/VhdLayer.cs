using System.Buffers.Binary;
using System.Collections;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage.Vhd;

/// <summary>
/// One file of a chain: which parts of the disk it has, and these. The file is held open, so that what is read is what was checked.
/// </summary>
/// <remarks>
/// A block lies at the sector that the table names: first a bitmap with a bit for each of its sectors, the highest bit of a byte first and
/// padded to whole sectors, then its content. A sector whose bit is clear is not this layer's. XenServer's map of full blocks
/// (<c>tdbatmap</c>) says nothing that the bitmaps don't: it is set when all bits of a block are on the disk.
/// </remarks>
internal sealed class VhdLayer : IDisposable
{
    /// <summary>How many bytes a sector has.</summary>
    public const int SectorBytes = 512;

    private const uint Unused = uint.MaxValue;

    private readonly SafeFileHandle _handle;
    private readonly string _path;
    private readonly uint[]? _table;
    private readonly byte[] _bitmap = [];
    private long _bitmapOf = -1;

    private VhdLayer(SafeFileHandle handle, string path, long sizeBytes, int blockBytes, uint[]? table)
    {
        (_handle, _path, SizeBytes, BlockBytes, _table) = (handle, path, sizeBytes, blockBytes, table);
        if (table is not null)
            _bitmap = new byte[BitmapBytes(blockBytes)];
    }

    /// <summary>How many bytes of the disk it knows of; what lies beyond reads as zeros.</summary>
    public long SizeBytes { get; }

    /// <summary>How many bytes of the disk each of its blocks has.</summary>
    public int BlockBytes { get; }

    /// <summary>A file that has the disk's bytes as they are.</summary>
    public static VhdLayer Flat(SafeFileHandle handle, string path, long sizeBytes) => new(handle, path, sizeBytes, 1 << 20, null);

    /// <summary>A VHD in blocks, whose table is read and checked: no two blocks overlap, and none lies outside the file.</summary>
    public static VhdLayer InBlocks(SafeFileHandle handle, string path, long fileBytes, VhdFooter footer, VhdHeader header)
    {
        var bytes = new byte[header.TableEntries * sizeof(uint)];
        if (Fill(handle, bytes, header.TableOffset) < bytes.Length)
            throw new VhdException("its block table can't be read whole");
        var table = new uint[header.TableEntries];
        for (var i = 0; i < table.Length; i++)
            table[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(i * sizeof(uint)));
        RequireApart(table, fileBytes, header);
        return new(handle, path, footer.VirtualSizeBytes, header.BlockBytes, table);
    }

    /// <summary>Reads until the buffer is full or the file ends.</summary>
    public static int Fill(SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        for (var done = 0; ;)
        {
            var read = RandomAccess.Read(handle, buffer[done..], offset + done);
            done += read;
            if (read == 0 || done == buffer.Length)
                return done;
        }
    }

    /// <summary>Marks the pieces of the disk of which it has anything.</summary>
    public void Mark(BitArray pieces, long pieceBytes)
    {
        for (var at = FindData(0); at < SizeBytes; at = FindData(at))
        {
            var end = Math.Min(at - (at % BlockBytes) + BlockBytes, SizeBytes);
            for (var piece = at / pieceBytes; piece * pieceBytes < end && piece < pieces.Length; piece++)
                pieces[(int)piece] = true;
            at = end;
        }
    }

    /// <summary>How far, from an offset within it on, it either has all or has nothing, up to a limit.</summary>
    public (bool IsHere, int Count) Look(long offset, int limit)
    {
        if (_table is null)
            return (true, limit);
        var within = (int)(offset % BlockBytes);
        var most = Math.Min(limit, BlockBytes - within);
        if (!TryLoadBitmap(offset / BlockBytes))
            return (false, most);
        var isHere = HasSector(within / SectorBytes);
        var end = (within / SectorBytes) + 1;
        while (end * SectorBytes < within + most && HasSector(end) == isHere)
            end++;
        return (isHere, Math.Min((end * SectorBytes) - within, most));
    }

    /// <summary>Reads what <see cref="Look"/> found it to have.</summary>
    public void Read(long offset, Span<byte> buffer)
    {
        var at = _table is null ? offset : (_table[offset / BlockBytes] * (long)SectorBytes) + _bitmap.Length + (offset % BlockBytes);
        if (Fill(_handle, buffer, at) < buffer.Length)
            throw new IOException($"{_path} has become shorter while it was read.");
    }

    public void Dispose() => _handle.Dispose();

    private static int BitmapBytes(int blockBytes) =>
        ((blockBytes / SectorBytes / 8) + SectorBytes - 1) / SectorBytes * SectorBytes;

    private static void RequireApart(uint[] table, long fileBytes, VhdHeader header)
    {
        var used = table.Where(b => b != Unused).ToArray();
        Array.Sort(used);
        var length = BitmapBytes(header.BlockBytes) + (long)header.BlockBytes;
        var tableEnd = header.TableOffset + (header.TableEntries * sizeof(uint));
        for (var i = 0; i < used.Length; i++)
        {
            var start = used[i] * (long)SectorBytes;
            if (start < VhdFooter.Length || start > fileBytes - length)
                throw new VhdException($"its block table names a block at byte {start}, which does not lie within the file");
            if (start < tableEnd && header.TableOffset < start + length)
                throw new VhdException($"its block table names a block at byte {start}, where the table itself lies");
            if (i > 0 && start < (used[i - 1] * (long)SectorBytes) + length)
                throw new VhdException($"two entries of its block table name the same bytes, at {start}");
        }
    }

    // Behind what is left out, as far as that can be told without reading.
    private long FindData(long offset)
    {
        if (_table is null)
            return Posix.FindData(_handle, offset) ?? SizeBytes;
        var block = offset / BlockBytes;
        while (block < _table.Length && _table[block] == Unused)
            block++;
        return Math.Max(block * BlockBytes, offset);
    }

    private bool TryLoadBitmap(long block)
    {
        if (_table![block] == Unused)
            return false;
        if (_bitmapOf != block)
        {
            _bitmapOf = -1;
            if (Fill(_handle, _bitmap, _table[block] * (long)SectorBytes) < _bitmap.Length)
                throw new IOException($"{_path} has become shorter while it was read.");
            _bitmapOf = block;
        }

        return true;
    }

    private bool HasSector(int sector) => (_bitmap[sector >> 3] & (0x80 >> (sector & 7))) != 0;
}
