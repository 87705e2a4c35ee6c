using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Redoubt.Compute.Tests;

public sealed class PngImageTests
{
    [Fact]
    public void A_pixmap_becomes_a_PNG_of_the_same_pixels()
    {
        byte[] pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, (byte)'#', 8, 9];
        var png = PngImage.OfPixmap([.. Encoding.ASCII.GetBytes("P6\n# a comment\n3 2\n255\n"), .. pixels]);
        Assert.Equal([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], png[..8]);
        var chunks = Chunks(png);
        Assert.Equal(["IHDR", "IDAT", "IEND"], chunks.Select(c => c.Type));
        Assert.Equal([0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0], chunks[0].Content);
        using var packed = new ZLibStream(new MemoryStream(chunks[1].Content), CompressionMode.Decompress);
        using var rows = new MemoryStream();
        packed.CopyTo(rows);
        Assert.Equal([0, .. pixels[..9], 0, .. pixels[9..]], rows.ToArray());
    }

    [Fact]
    public void The_check_of_a_chunk_is_that_of_the_standard() => Assert.Equal(0xae426082u, PngImage.Crc("IEND"u8));

    [Theory]
    [InlineData("")]
    [InlineData("P5\n1 1\n255\nabc")]
    [InlineData("P6\n1 1\n255\nab")]
    [InlineData("P6\n0 1\n255\n")]
    [InlineData("P6\n99999 99999\n255\nabc")]
    [InlineData("P6\n1 1\n65535\nabcdef")]
    public void What_is_no_whole_pixmap_is_refused(string content) =>
        Assert.Throws<InvalidDataException>(() => PngImage.OfPixmap(Encoding.ASCII.GetBytes(content)));

    private static List<(string Type, byte[] Content)> Chunks(byte[] png)
    {
        var chunks = new List<(string, byte[])>();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            var (type, content) = (Encoding.ASCII.GetString(png, at + 4, 4), png[(at + 8)..(at + 8 + length)]);
            Assert.Equal(PngImage.Crc(png.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length)));
            chunks.Add((type, content));
            at += length + 12;
        }

        return chunks;
    }
}
