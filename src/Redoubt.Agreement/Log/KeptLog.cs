using System.Globalization;
using System.IO.Compression;

namespace Redoubt.Agreement;

/// <summary>
/// A log that is kept beside the database, such as that of runs, as etcd holds it: all of it up to a number, in parts, and an entry for
/// each time that something was added since, all compressed with Brotli. Numbers rise, and may leave some out.
/// <code>
/// whole ─► up to 4711     entries: 4712, 4715, 4716 …     after MostEntries: a new whole, and the entries go
/// </code>
/// </summary>
internal static class KeptLog
{
    /// <summary>How long an entry may be, compressed: what one request of etcd carries.</summary>
    public const int MostBytes = 6 << 20;

    /// <summary>How far the entries may go past the whole.</summary>
    public const long MostEntries = 20_000;

    private const int PerRead = 256;

    /// <summary>What etcd holds of some bytes.</summary>
    public static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>Up to which number the whole of a log goes; 0 if there is none.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    public static async Task<long> FindWholeAsync(EtcdClient etcd, string log, CancellationToken cancellationToken) =>
        await etcd.FindAsync(LogKeys.WholeOf(log), cancellationToken) is { } whole ? WholeDatabase.Parse(whole.Bytes).Generation : 0;

    /// <summary>What has come after a number, in order; the first of it may have things of before as well.</summary>
    /// <exception cref="EtcdException">etcd does not answer.</exception>
    /// <exception cref="InvalidDataException">What it holds is no such log.</exception>
    public static async Task<List<byte[]>> ReadAsync(EtcdClient etcd, string log, long after, CancellationToken cancellationToken)
    {
        var read = new List<byte[]>();
        for (; ; )
        {
            var answer = await etcd.TransactAsync(
                [],
                [
                    new EtcdAct.Read(LogKeys.WholeOf(log), LogKeys.WholeOf(log) + "\0"),
                    new EtcdAct.Read(LogKeys.Entry(log, after + 1), LogKeys.EndOf(LogKeys.EntriesOf(log)), PerRead),
                ],
                cancellationToken);

            // Looked at together with the entries each time: those that are missing are in it.
            if (answer.Reads[0] is [var whole] && WholeDatabase.Parse(whole.Bytes) is var (upTo, parts) && upTo > after)
            {
                read.Add(await ReadWholeAsync(etcd, log, upTo, parts, cancellationToken));
                after = upTo;
                continue;
            }

            read.AddRange(answer.Reads[1].Select(e => Unpack(e.Bytes)));
            if (answer.Reads[1].Length < PerRead)
            {
                return read;
            }

            after = long.Parse(answer.Reads[1][^1].Key.AsSpan(LogKeys.EntriesOf(log).Length), CultureInfo.InvariantCulture);
        }
    }

    private static async Task<byte[]> ReadWholeAsync(
        EtcdClient etcd, string log, long number, int parts, CancellationToken cancellationToken)
    {
        using var packed = new MemoryStream();
        for (var i = 0; i < parts; i++)
        {
            var part = await etcd.FindAsync(LogKeys.PartOf(log, number, i), cancellationToken)
                ?? throw new EtcdException("a newer whole log took the place of the one that was being read", isRefusal: true);
            await packed.WriteAsync(part.Bytes, cancellationToken);
        }

        return Unpack(packed.ToArray());
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var brotli = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var bytes = new MemoryStream();
        brotli.CopyTo(bytes);
        return bytes.ToArray();
    }
}
