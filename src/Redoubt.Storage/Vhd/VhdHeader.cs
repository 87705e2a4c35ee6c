using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Redoubt.XenApi;

namespace Redoubt.Storage.Vhd;

/// <summary>What the header of a VHD in blocks says: where its block table lies, and what its parent is.</summary>
/// <remarks>
/// The layout (big endian, 1,024 bytes), from Microsoft's specification:
/// <code>
///   0  8 "cxsparse"                28  4 blocks            56  4 parent's time
///   8  8 unused                    32  4 bytes of each     64 512 parent's name, UTF-16 big endian
///  16  8 offset of the table       36  4 checksum         576  8 locators of the parent, of 24 bytes each:
///  24  4 version 1.0               40 16 parent's id           0 4 code, 8 4 length, 16 8 offset
/// </code>
/// </remarks>
internal sealed record VhdHeader
{
    private const int Length = 1024;
    private const int ChecksumOffset = 36;
    private const int NameOffset = 64;
    private const int NameLength = 512;
    private const int LocatorsOffset = 576;
    private const int LocatorLength = 24;
    private const int Locators = 8;

    // A path of a file, in two bytes a letter.
    private const uint LocatorBytesMax = 4096;

    // "MacX" and "W2ru": paths from where the child lies. All others are paths of the host that wrote them.
    private const uint MacUrl = 0x4D61_6358;
    private const uint WindowsRelative = 0x5732_7275;

    private const uint LeastBlockBytes = 512 << 10;
    private const uint MostBlockBytes = 64 << 20;

    /// <summary>Where the block table lies.</summary>
    public required long TableOffset { get; init; }

    /// <summary>How many entries there is room for.</summary>
    public required long TableEntries { get; init; }

    /// <summary>How many bytes of the disk each block has.</summary>
    public required int BlockBytes { get; init; }

    /// <summary>The parent's <see cref="VhdFooter.Id"/>; nothing if it has none, as one that is no VHD.</summary>
    public required Guid ParentId { get; init; }

    /// <summary>
    /// The name of the parent's file, in the same directory; null if none is told. As somebody else wrote it: to be checked before it
    /// becomes part of any path.
    /// </summary>
    public required string? ParentName { get; init; }

    /// <summary>Reads it.</summary>
    public static VhdHeader Read(SafeFileHandle handle, long fileBytes, VhdFooter footer)
    {
        var bytes = new byte[Length];
        if (footer.HeaderOffset > fileBytes - Length || VhdLayer.Fill(handle, bytes, footer.HeaderOffset) < Length)
            throw new VhdException("its header lies beyond the end of the file");
        if (!bytes.AsSpan().StartsWith("cxsparse"u8) || U32(bytes, ChecksumOffset) != VhdFooter.Checksum(bytes, ChecksumOffset))
            throw new VhdException("it has no VHD header with a right checksum where its footer says");
        var (table, entries, block) = (U64(bytes, 16), U32(bytes, 28), U32(bytes, 32));
        if (block is < LeastBlockBytes or > MostBlockBytes || !uint.IsPow2(block))
            throw new VhdException($"it says that its blocks have {block} bytes, which is not possible");
        var needed = (footer.VirtualSizeBytes + block - 1) / block;
        if (entries < needed)
            throw new VhdException($"its block table has {entries} entries, and its disk needs {needed}");
        if (table > (ulong)fileBytes || (long)table > fileBytes - (needed * sizeof(uint)))
            throw new VhdException("its block table lies beyond the end of the file");
        var isChild = footer.Kind == VhdKind.Differencing;
        return new()
        {
            TableOffset = (long)table,
            TableEntries = needed,
            BlockBytes = (int)block,
            ParentId = isChild ? new Guid(bytes.AsSpan(40, 16), bigEndian: true) : default,
            ParentName = isChild ? FindName(handle, fileBytes, bytes) : null,
        };
    }

    private static string? FindName(SafeFileHandle handle, long fileBytes, byte[] header)
    {
        var told = Enumerable.Range(0, Locators)
            .Select(i => ReadLocator(handle, fileBytes, header.AsSpan(LocatorsOffset + (i * LocatorLength), LocatorLength)))
            .OfType<string>().Distinct().ToList();
        if (told.Count > 1)
            throw new VhdException($"it names two parents, {Shown(told[0])} and {Shown(told[1])}");
        if (told is [var name])
        {
            return name.Contains('/', StringComparison.Ordinal)
                ? throw new VhdException($"its parent lies outside of the SR ({Shown(name)})") : name;
        }

        // Where there is no locator, the last part of the path that the parent had when the child was made.
        var path = Encoding.BigEndianUnicode.GetString(header, NameOffset, NameLength).TrimEnd('\0').Replace('\\', '/');
        return path.Split('/')[^1] is { Length: > 0 } last ? last : null;
    }

    private static string? ReadLocator(SafeFileHandle handle, long fileBytes, ReadOnlySpan<byte> locator)
    {
        var (code, length, offset) = (U32(locator, 0), U32(locator, 8), U64(locator, 16));
        if (code is not (MacUrl or WindowsRelative))
            return null;
        if (length is 0 or > LocatorBytesMax || offset > (ulong)fileBytes || (long)offset > fileBytes - length)
            throw new VhdException("a locator of its parent lies beyond the end of the file");
        var bytes = new byte[length];
        VhdLayer.Fill(handle, bytes, (long)offset);
        var path = (code == MacUrl ? Encoding.UTF8 : Encoding.Unicode).GetString(bytes).TrimEnd('\0').Replace('\\', '/');
        path = code == MacUrl && path.StartsWith("file://", StringComparison.Ordinal) ? path[7..] : path;
        return path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
    }

    private static string Shown(string name) => $"'{XmlText.Clean(BriefText.Of(name))}'";

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static ulong U64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]);
}
