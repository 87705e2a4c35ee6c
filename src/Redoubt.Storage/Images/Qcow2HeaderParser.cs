using System.Buffers.Binary;
using System.Text;

namespace Redoubt.Storage.Images;

/// <summary>
/// Reads the header of a qcow2 image without trusting a byte of it: no input makes it throw, loop or allocate more than a name.
/// </summary>
/// <remarks>
/// The layout (big endian), from QEMU's <c>docs/interop/qcow2.txt</c>:
/// <code>
///   0  4 magic "QFI\xfb"        36  4 L1 entries              72  8 incompatible features (v3)
///   4  4 version 2 or 3         40  8 L1 table offset         80  8 compatible features   (v3)
///   8  8 backing name offset    48  8 refcount table offset   88  8 autoclear features    (v3)
///  16  4 backing name length    56  4 refcount table clusters 96  4 refcount order        (v3)
///  20  4 cluster bits           60  4 snapshots              100  4 header length         (v3)
///  24  8 virtual size           64  8 snapshot table offset       then extensions: type, length, data padded to 8
///  32  4 encryption method
/// </code>
/// </remarks>
public static class Qcow2HeaderParser
{
    /// <summary>How much of the file's beginning is enough: every writer we know stays far below.</summary>
    public const int PrefixBytes = 4096;

    private const uint Magic = 0x514649fb;
    private const int Version2Length = 72;
    private const int Version3Length = 104;
    private const int MaxBackingNameBytes = 1023;
    private const long MaxL1Bytes = 32 << 20;
    private const ulong CorruptFeature = 1 << 1;
    private const ulong ExternalDataFeature = 1 << 2;
    private const ulong KnownFeatures = 0b1_1111;
    private const uint BackingFormatExtension = 0xe2792aca;
    private const uint ExternalDataExtension = 0x44415441;
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    /// <summary>Reads the header.</summary>
    /// <param name="prefix">The first <see cref="PrefixBytes"/> bytes of the file, or all of a smaller file.</param>
    /// <param name="fileBytes">The length of the file, against which the tables are checked.</param>
    public static Qcow2ParseResult Parse(ReadOnlySpan<byte> prefix, long fileBytes)
    {
        if (prefix.Length < Version2Length)
            return Qcow2ParseResult.Broken($"the file has only {prefix.Length} bytes, less than a qcow2 header");
        if (U32(prefix, 0) != Magic)
            return Qcow2ParseResult.Broken("the file does not begin with the qcow2 magic");
        var version = U32(prefix, 4);
        if (version is not (2 or 3))
            return Qcow2ParseResult.Broken($"qcow2 version {version} is not known");
        if (version == 3 && prefix.Length < Version3Length)
            return Qcow2ParseResult.Broken("the version 3 header is cut short");

        var headerBytes = version == 3 ? U32(prefix, 100) : Version2Length;
        var features = version == 3 ? U64(prefix, 72) : 0;
        if (FindProblem(prefix, fileBytes, headerBytes, features) is { } problem)
            return Qcow2ParseResult.Broken(problem);

        // 1. The extensions end at an end mark, at the backing name or at the end of the first cluster.
        var nameOffset = U64(prefix, 8);
        var end = (long)Math.Min((ulong)prefix.Length, 1UL << (int)U32(prefix, 20));
        if (nameOffset != 0)
            end = (long)Math.Min((ulong)end, nameOffset);
        if (!TryReadExtensions(prefix[..(int)end], (int)headerBytes, out var backingFormat, out var externalData))
            return Qcow2ParseResult.Broken("a header extension reaches beyond the header");

        // 2. The backing name lies behind them.
        string? backing = null;
        if (nameOffset != 0 && !TryReadName(prefix, nameOffset, U32(prefix, 16), out backing))
            return Qcow2ParseResult.Broken("the name of the backing file is not a name or lies outside the header");

        return Qcow2ParseResult.Sound(new Qcow2Header
        {
            Version = (int)version,
            VirtualSizeBytes = (long)U64(prefix, 24),
            BackingFile = backing,
            BackingFormat = backingFormat,
            HasExternalDataFile = externalData || (features & ExternalDataFeature) != 0,
            IsEncrypted = U32(prefix, 32) != 0,
        });
    }

    private static string? FindProblem(ReadOnlySpan<byte> prefix, long fileBytes, uint headerBytes, ulong features)
    {
        var clusterBits = U32(prefix, 20);
        if (clusterBits is < 9 or > 21)
            return $"a cluster size of 2^{clusterBits} bytes is not allowed";
        if (headerBytes < Version2Length || headerBytes > prefix.Length || headerBytes > 1 << (int)clusterBits || headerBytes % 8 != 0)
            return $"a header length of {headerBytes} bytes is not possible";
        if ((features & ~KnownFeatures) != 0)
            return $"it needs features that are not known (bits 0x{features & ~KnownFeatures:x})";
        if ((features & CorruptFeature) != 0)
            return "it is marked corrupt by the program that wrote it last; repair it with qemu-img check -r";

        var virtualSize = U64(prefix, 24);
        if (virtualSize > VdiSize.MaxBytes)
            return $"a virtual size of {virtualSize} bytes is beyond 64 TiB";
        return FindTableProblem("L1", U64(prefix, 40), U32(prefix, 36) * 8L, clusterBits, fileBytes)
            ?? FindTableProblem("refcount", U64(prefix, 48), (long)U32(prefix, 56) << (int)clusterBits, clusterBits, fileBytes);
    }

    private static string? FindTableProblem(string table, ulong offset, long bytes, uint clusterBits, long fileBytes)
    {
        if (bytes == 0)
            return null;
        if (bytes > MaxL1Bytes)
            return $"its {table} table of {bytes} bytes is larger than QEMU allows";
        if (offset == 0 || (offset & ((1UL << (int)clusterBits) - 1)) != 0)
            return $"its {table} table is not at the start of a cluster";

        // A reader sees bytes beyond the end as zeros only within the last cluster, so the start must lie inside the file.
        return offset >= (ulong)fileBytes ? $"it is cut short: its {table} table lies beyond the end of the file" : null;
    }

    private static bool TryReadExtensions(ReadOnlySpan<byte> header, int start, out string? backingFormat, out bool externalData)
    {
        backingFormat = null;
        externalData = false;
        var at = (long)start;
        while (at + 8 <= header.Length)
        {
            var type = U32(header, (int)at);
            var length = U32(header, (int)at + 4);
            if (type == 0)
                return true;
            if (length > header.Length - at - 8)
                return false;
            var content = header.Slice((int)at + 8, (int)length);
            if (type == BackingFormatExtension && !TryDecode(content, out backingFormat))
                return false;
            externalData |= type == ExternalDataExtension;
            at += 8 + ((length + 7L) & ~7L);
        }

        return true;
    }

    private static bool TryReadName(ReadOnlySpan<byte> prefix, ulong offset, uint length, out string? name)
    {
        name = null;
        return length is > 0 and <= MaxBackingNameBytes
            && offset >= Version2Length
            && offset <= (ulong)prefix.Length - Math.Min(length, (ulong)prefix.Length)
            && TryDecode(prefix.Slice((int)offset, (int)length), out name);
    }

    private static bool TryDecode(ReadOnlySpan<byte> bytes, out string? text)
    {
        text = null;
        if (bytes.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(bytes))
            return false;
        text = StrictUtf8.GetString(bytes);
        return true;
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]);
}
