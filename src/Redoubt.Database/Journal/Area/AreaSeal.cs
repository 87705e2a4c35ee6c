using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Checksums of our area: the first 16 bytes of SHA-256. They show accidents, all of them; they are no secret and stop nobody who may
/// write to the volume.
/// </summary>
/// <remarks>
/// Not a CRC: what is to be told apart are also stale sectors that differ from the right ones in few, similar bytes, and 32 bits over
/// millions of reads are few. With the instructions that processors have for it SHA-256 costs less than a microsecond for a record.
/// </remarks>
internal static class AreaSeal
{
    /// <summary>Bytes of a checksum.</summary>
    public const int Bytes = 16;

    /// <summary>The checksum of bytes.</summary>
    public static UInt128 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    /// <summary>The checksum of all that a running one was given so far.</summary>
    public static UInt128 Of(IncrementalHash running)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        running.GetCurrentHash(digest);
        return BinaryPrimitives.ReadUInt128BigEndian(digest);
    }

    /// <summary>Puts the checksum of the rest of a block into its last bytes.</summary>
    public static void Set(Span<byte> block) => BinaryPrimitives.WriteUInt128BigEndian(block[^Bytes..], Of(block[..^Bytes]));

    /// <summary>Whether a block ends in the checksum of the rest of it.</summary>
    public static bool Holds(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt128BigEndian(block[^Bytes..]) == Of(block[..^Bytes]);
}
