using System.Collections.Immutable;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Redoubt.Database.Dump;

namespace Redoubt.Agreement;

/// <summary>
/// The whole database as etcd holds it, for whoever was away longer than the log goes back: the dump, compressed with Brotli, in parts that
/// one request carries.
/// </summary>
internal static class WholeDatabase
{
    private const int PartBytes = 1 << 20;
    private const int Quality = 4;

    /// <summary>The parts of a database.</summary>
    public static ImmutableArray<byte[]> Pack(DatabaseDump dump)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, new BrotliCompressionOptions { Quality = Quality }, leaveOpen: true))
        {
            DumpWriter.Write(dump, brotli);
        }

        return [.. packed.ToArray().Chunk(PartBytes)];
    }

    /// <summary>The database of these parts.</summary>
    /// <exception cref="InvalidDataException">They are none.</exception>
    public static DatabaseDump Unpack(IEnumerable<byte[]> parts)
    {
        using var brotli = new BrotliStream(new MemoryStream([.. parts.SelectMany(p => p)]), CompressionMode.Decompress);
        using var dump = new MemoryStream();
        brotli.CopyTo(dump);
        dump.Position = 0;
        return DumpReader.Read(dump);
    }

    /// <summary>What stands for it under <see cref="LogKeys.Whole"/>.</summary>
    public static byte[] Spell(long generation, int parts) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{generation} {parts}"));

    /// <summary>What that says.</summary>
    /// <exception cref="InvalidDataException">It names no database.</exception>
    public static (long Generation, int Parts) Parse(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return text.Split(' ') is [var generation, var parts]
            && long.TryParse(generation, NumberStyles.None, CultureInfo.InvariantCulture, out var g)
            && int.TryParse(parts, NumberStyles.None, CultureInfo.InvariantCulture, out var p)
            ? (g, p)
            : throw new InvalidDataException($"{LogKeys.Whole} holds \"{text}\", which names no database");
    }
}
