using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Tests;

/// <summary>
/// Writes VHDs as XenServer's programs do, from the format's public description: what a test says is in a file's blocks, sector by sector.
/// </summary>
internal sealed class VhdMaker
{
    public const int Sector = 512;

    private readonly SortedDictionary<long, byte[]> _sectors = [];

    public required long SizeBytes { get; init; }

    /// <summary>2 is fixed, 3 in blocks, 4 on a parent.</summary>
    public uint Kind { get; init; } = 3;

    public Guid Id { get; init; } = Guid.NewGuid();

    public int BlockBytes { get; init; } = 2 << 20;

    public Guid ParentId { get; init; }

    /// <summary>The parent's name in its relative locator, as XenServer writes it.</summary>
    public string? ParentName { get; init; }

    public bool IsHidden { get; init; }

    /// <summary>Whether the footer at the end is missing, as after the writer's death.</summary>
    public bool IsTorn { get; init; }

    /// <summary>A disk that builds on this one.</summary>
    public VhdMaker Child(string parentName, long? sizeBytes = null) => new()
    {
        SizeBytes = sizeBytes ?? SizeBytes,
        Kind = 4,
        BlockBytes = BlockBytes,
        ParentId = Id,
        ParentName = parentName,
    };

    /// <summary>Puts bytes, which are whole sectors, into the disk.</summary>
    public VhdMaker Put(long offset, ReadOnlySpan<byte> content)
    {
        for (var at = 0; at < content.Length; at += Sector)
            _sectors[(offset + at) / Sector] = content.Slice(at, Sector).ToArray();
        return this;
    }

    /// <summary>Puts all of a raw image into the disk but what is zeros.</summary>
    public VhdMaker PutImage(string path)
    {
        using var file = File.OpenRead(path);
        var part = new byte[Sector];
        for (var at = 0L; file.ReadAtLeast(part, Sector, throwOnEndOfStream: false) > 0; at += Sector)
        {
            if (part.AsSpan().ContainsAnyExcept((byte)0))
                Put(at, part);
            part = new byte[Sector];
        }

        return this;
    }

    public void Write(string path)
    {
        using var file = File.Create(path);
        if (Kind == 2)
        {
            file.SetLength(SizeBytes);
            foreach (var (sector, content) in _sectors)
                At(file, sector * Sector, content);
            At(file, SizeBytes, Footer(ulong.MaxValue));
            return;
        }

        var blocks = (int)((SizeBytes + BlockBytes - 1) / BlockBytes);
        var tableBytes = (blocks * 4 + Sector - 1) / Sector * Sector;
        const int table = 3 * Sector;
        var locator = table + tableBytes;
        var next = locator + (ParentName is null ? 0 : Sector);
        var bitmapBytes = (BlockBytes / Sector / 8 + Sector - 1) / Sector * Sector;
        var entries = new byte[tableBytes];
        entries.AsSpan().Fill(0xff);
        foreach (var block in _sectors.GroupBy(s => s.Key * Sector / BlockBytes))
        {
            BinaryPrimitives.WriteUInt32BigEndian(entries.AsSpan((int)block.Key * 4), (uint)(next / Sector));
            var bitmap = new byte[bitmapBytes];
            foreach (var (sector, content) in block)
            {
                var within = (int)(sector - (block.Key * BlockBytes / Sector));
                bitmap[within / 8] |= (byte)(0x80 >> (within % 8));
                At(file, next + bitmapBytes + (within * (long)Sector), content);
            }

            At(file, next, bitmap);
            next += bitmapBytes + BlockBytes;
        }

        At(file, 0, Footer(Sector));
        At(file, Sector, Header(table, blocks, locator));
        At(file, table, entries);
        if (ParentName is not null)
            At(file, locator, Encoding.UTF8.GetBytes($"file://{ParentName}"));
        file.SetLength(next);
        if (!IsTorn)
            At(file, next, Footer(Sector));
    }

    /// <summary>Writes a header's or footer's checksum anew, after a test has changed it.</summary>
    public static void Seal(Span<byte> bytes, int at)
    {
        var sum = 0u;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], 0);
        foreach (var value in bytes)
            sum += value;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], ~sum);
    }

    private static void At(FileStream file, long offset, ReadOnlySpan<byte> content)
    {
        file.Position = offset;
        file.Write(content);
    }

    private byte[] Footer(ulong headerOffset)
    {
        var bytes = new byte[Sector];
        "conectix"u8.CopyTo(bytes);
        Put32(bytes, 8, 2);
        Put32(bytes, 12, 0x10000);
        Put64(bytes, 16, headerOffset);
        "tap\0"u8.CopyTo(bytes.AsSpan(28));
        Put32(bytes, 32, 0x10003);
        Put64(bytes, 40, (ulong)SizeBytes);
        Put64(bytes, 48, (ulong)SizeBytes);
        Put32(bytes, 60, Kind);
        Id.TryWriteBytes(bytes.AsSpan(68), bigEndian: true, out _);
        bytes[85] = IsHidden ? (byte)1 : (byte)0;
        Seal(bytes, 64);
        return bytes;
    }

    private byte[] Header(int table, int blocks, int locator)
    {
        var bytes = new byte[2 * Sector];
        "cxsparse"u8.CopyTo(bytes);
        Put64(bytes, 8, ulong.MaxValue);
        Put64(bytes, 16, (ulong)table);
        Put32(bytes, 24, 0x10000);
        Put32(bytes, 28, (uint)blocks);
        Put32(bytes, 32, (uint)BlockBytes);
        ParentId.TryWriteBytes(bytes.AsSpan(40), bigEndian: true, out _);
        if (ParentName is not null)
        {
            Encoding.BigEndianUnicode.GetBytes(Path.GetFileName(ParentName)).CopyTo(bytes, 64);
            Put32(bytes, 576, 0x4d616358);
            Put32(bytes, 580, 1);
            Put32(bytes, 584, (uint)Encoding.UTF8.GetByteCount($"file://{ParentName}"));
            Put64(bytes, 592, (ulong)locator);
        }

        Seal(bytes, 36);
        return bytes;
    }

    private static void Put32(byte[] bytes, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(at), value);

    private static void Put64(byte[] bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(at), value);
}
