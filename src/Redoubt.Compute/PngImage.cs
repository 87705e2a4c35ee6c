using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Redoubt.Compute;

/// <summary>Writes a PNG of what QEMU shows as a portable pixmap. Pure.</summary>
internal static class PngImage
{
    /// <summary>More than any guest's screen has; a larger claim is a fault.</summary>
    private const int SideMax = 16_384;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>
    /// The picture of a binary pixmap (<c>P6</c>, 255 shades) as a PNG of the same size, 8 bits for each of three colours.
    /// </summary>
    /// <exception cref="InvalidDataException">It is no such pixmap.</exception>
    public static byte[] OfPixmap(ReadOnlySpan<byte> pixmap)
    {
        var rest = pixmap;
        if (Word(ref rest) != "P6" || !TrySide(ref rest, out var width) || !TrySide(ref rest, out var height) || Word(ref rest) != "255"
            || rest.Length < (long)width * height * 3)
        {
            throw new InvalidDataException("The hypervisor's picture of the screen is not a whole portable pixmap (P6, 255).");
        }

        using var png = new MemoryStream();
        png.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 2); // 8 bits, red green blue; the three that follow mean: the only methods there are, not interlaced.
        Chunk(png, "IHDR", header);
        Chunk(png, "IDAT", Deflate(rest, width * 3, height));
        Chunk(png, "IEND", []);
        return png.ToArray();
    }

    /// <summary>The check of a chunk: CRC-32 as of Ethernet.</summary>
    internal static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
        }

        return ~crc;
    }

    private static byte[] Deflate(ReadOnlySpan<byte> pixels, int rowBytes, int rows)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var row = 0; row < rows; row++)
            {
                zlib.WriteByte(0); // The row stands as it is.
                zlib.Write(pixels.Slice(row * rowBytes, rowBytes));
            }
        }

        return packed.ToArray();
    }

    private static void Chunk(MemoryStream png, string type, ReadOnlySpan<byte> content)
    {
        var chunk = new byte[content.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        content.CopyTo(chunk.AsSpan(8));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), Crc(chunk.AsSpan(4, chunk.Length - 8)));
        png.Write(chunk);
    }

    private static bool TrySide(ref ReadOnlySpan<byte> rest, out int side) =>
        int.TryParse(Word(ref rest), NumberStyles.None, CultureInfo.InvariantCulture, out side) && side is > 0 and <= SideMax;

    /// <summary>Takes a word and the one blank behind it; lines that begin with # are comments.</summary>
    private static string Word(ref ReadOnlySpan<byte> rest)
    {
        while (rest.Length > 0 && rest[0] == '#')
            rest = rest.IndexOf((byte)'\n') is >= 0 and var end ? rest[(end + 1)..] : [];
        var length = rest.IndexOfAny(" \t\r\n"u8);
        if (length < 0)
            return "";
        var word = Encoding.ASCII.GetString(rest[..length]);
        rest = rest[(length + 1)..];
        return word;
    }
}
