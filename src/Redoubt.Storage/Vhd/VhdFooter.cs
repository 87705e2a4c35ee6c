using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage.Vhd;

/// <summary>What the footer of a VHD says, which each of them has at its end.</summary>
/// <remarks>
/// The layout (big endian, 512 bytes), from Microsoft's specification, and at 85 XenServer's own:
/// <code>
///   0  8 "conectix"                28  4 made by           60  4 kind
///   8  4 features                  32  4 its version       64  4 checksum
///  12  4 version 1.0               40  8 original size     68 16 id
///  16  8 offset of the header      48  8 size              84  1 saved state
///  24  4 made at                   56  4 geometry          85  1 hidden (XenServer)
/// </code>
/// The checksum is the complement of the sum of all other bytes.
/// </remarks>
internal sealed record VhdFooter
{
    /// <summary>How long it is.</summary>
    public const int Length = 512;

    /// <summary>The largest VHD that its 32-bit sector numbers reach.</summary>
    public const long MaxBytes = 2L << 40;

    private const int ChecksumOffset = 64;
    private const uint Version = 0x0001_0000;
    private const uint Tapdisk = 0x7461_7000;

    /// <summary>How the content is kept.</summary>
    public required VhdKind Kind { get; init; }

    /// <summary>Where the header of a VHD in blocks lies.</summary>
    public required long HeaderOffset { get; init; }

    /// <summary>The size that a guest sees, in bytes.</summary>
    public required long VirtualSizeBytes { get; init; }

    /// <summary>What its children call it; a number of its own, and not a VDI's UUID.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whether XenServer keeps it only for the disks that build on it.</summary>
    public required bool IsHidden { get; init; }

    /// <summary>
    /// Reads it at the end, or at the beginning, where a VHD in blocks has a copy: who writes a VHD while it grows puts its footer back
    /// to the end only when it is closed, so that the image of a VM that was running when its host died has none there.
    /// </summary>
    public static VhdFooter Read(SafeFileHandle handle, long fileBytes)
    {
        var bytes = new byte[Length];
        if (fileBytes < Length)
            throw new VhdException($"it has only {fileBytes} bytes, less than a VHD's footer");
        if (!IsFooter(Filled(handle, bytes, fileBytes - Length)) && !IsFooter(Filled(handle, bytes, 0)))
            throw new VhdException("it has no VHD footer with a right checksum, neither at its end nor, as a copy, at its beginning");
        return Parse(bytes);
    }

    /// <summary>The complement of the sum of all bytes but the four in which it is kept.</summary>
    public static uint Checksum(ReadOnlySpan<byte> bytes, int offset)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i++)
        {
            if (i < offset || i >= offset + sizeof(uint))
                sum += bytes[i];
        }

        return ~sum;
    }

    private static bool IsFooter(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("conectix"u8) && U32(bytes, ChecksumOffset) == Checksum(bytes, ChecksumOffset);

    private static byte[] Filled(SafeFileHandle handle, byte[] bytes, long offset)
    {
        bytes.AsSpan(VhdLayer.Fill(handle, bytes, offset)).Clear();
        return bytes;
    }

    private static VhdFooter Parse(ReadOnlySpan<byte> bytes)
    {
        if (U32(bytes, 12) >> 16 != Version >> 16)
            throw new VhdException($"it is a VHD of version {U32(bytes, 12) >> 16}, and only version 1 is known");
        var kind = (VhdKind)U32(bytes, 60);
        if (!Enum.IsDefined(kind))
            throw new VhdException($"it is a VHD of a kind that is not known ({(uint)kind})");
        if (U32(bytes, 28) == Tapdisk && U32(bytes, 32) <= 1)
            throw new VhdException(
                "it was made by a tapdisk of before XenServer 5.0, which counted sectors in another order; have XenServer copy the disk");
        var size = BinaryPrimitives.ReadUInt64BigEndian(bytes[48..]);
        if (size is 0 or > MaxBytes || size % VhdLayer.SectorBytes != 0)
            throw new VhdException($"it says that its disk has {size} bytes, and a VHD has whole sectors and at most 2 TiB");
        var header = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        return new()
        {
            Kind = kind,
            HeaderOffset = kind == VhdKind.Fixed ? 0
                : header <= long.MaxValue ? (long)header
                : throw new VhdException("its header lies beyond the end of the file"),
            VirtualSizeBytes = (long)size,
            Id = new Guid(bytes.Slice(68, 16), bigEndian: true),
            IsHidden = bytes[85] == 1,
        };
    }

    private static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);
}
