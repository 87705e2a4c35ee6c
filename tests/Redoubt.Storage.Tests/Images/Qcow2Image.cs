using System.Buffers.Binary;

namespace Redoubt.Storage.Tests.Images;

/// <summary>Makes qcow2 headers, sound unless told otherwise.</summary>
internal static class Qcow2Image
{
    public const int ClusterBytes = 65536;
    public const long FileBytes = 4 * ClusterBytes;

    /// <summary>A version 3 header with nothing special about it: one L1 entry in cluster 3, refcounts in cluster 1.</summary>
    public static byte[] Header(Action<byte[]>? spoil = null)
    {
        var header = new byte[4096];
        "QFI\xfb"u8[..3].CopyTo(header);
        header[3] = 0xfb;
        Put32(header, 4, 3);
        Put32(header, 20, 16);
        Put64(header, 24, 1 << 20);
        Put32(header, 36, 1);
        Put64(header, 40, 3 * ClusterBytes);
        Put64(header, 48, ClusterBytes);
        Put32(header, 56, 1);
        Put32(header, 96, 4);
        Put32(header, 100, 104);
        spoil?.Invoke(header);
        return header;
    }

    public static void Put32(byte[] header, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(at), value);

    public static void Put64(byte[] header, int at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(at), value);

    public static void PutBacking(byte[] header, ReadOnlySpan<byte> name, int at = 512)
    {
        Put64(header, 8, (ulong)at);
        Put32(header, 16, (uint)name.Length);
        name.CopyTo(header.AsSpan(at));
    }
}
