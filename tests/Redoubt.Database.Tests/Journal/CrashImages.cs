using Redoubt.Database.Journal;

namespace Redoubt.Database.Tests.Journal;

/// <summary>
/// Every image that a crash could leave of a device: all that was flushed, and of what was written since the last flush any subset of
/// its sectors. Where the subsets are too many, the ones that go wrong most (prefixes, suffixes, one missing, one alone, one place missing)
/// and a seeded sample stand for them.
/// </summary>
internal static class CrashImages
{
    private const int SectorBytes = 512;
    private static readonly int Exhaustive = Sampling.IsWhole ? 9 : 6;
    private static readonly int Sample = Sampling.Share(60, 6);

    /// <summary>Calls back with each image and how many operations had been flushed by then. The image is reused.</summary>
    public static int ForEach(byte[] initial, IReadOnlyList<DeviceOperation> operations, int seed, Action<byte[], int> examine)
    {
        var random = new Random(seed);
        var (durable, pending, durableCount, images) = ((byte[])initial.Clone(), new List<(int At, byte[] Bytes)>(), 0, 0);
        var image = new byte[initial.Length];
        for (var i = 0; i <= operations.Count; i++)
        {
            // Before each flush, and at the end, the writes since the last one are in flight.
            if (i < operations.Count && !operations[i].IsFlush)
            {
                pending.AddRange(Sectors((int)operations[i].Offset, operations[i].Bytes!));
                continue;
            }

            // A sector that would not change anything doubles the images and shows nothing.
            pending.RemoveAll(
                p => durable.AsSpan(p.At, p.Bytes.Length).SequenceEqual(p.Bytes) && pending.All(q => q == p || !Overlap(p, q)));
            foreach (var kept in Subsets([.. pending.Select(p => p.At / SectorBytes)], random))
            {
                durable.CopyTo(image, 0);
                for (var p = 0; p < pending.Count; p++)
                    if (kept[p])
                        pending[p].Bytes.CopyTo(image, pending[p].At);
                examine(image, durableCount);
                images++;
            }

            foreach (var (at, bytes) in pending)
                bytes.CopyTo(durable, at);
            pending.Clear();
            durableCount = i + 1;
        }

        return images;
    }

    private static bool Overlap((int At, byte[] Bytes) a, (int At, byte[] Bytes) b) =>
        a.At < b.At + b.Bytes.Length && b.At < a.At + a.Bytes.Length;

    private static IEnumerable<(int At, byte[] Bytes)> Sectors(int offset, byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(SectorBytes - ((offset + at) % SectorBytes), bytes.Length - at);
            yield return (offset + at, bytes[at..(at + length)]);
            at += length;
        }
    }

    private static IEnumerable<bool[]> Subsets(int[] sectors, Random random)
    {
        var count = sectors.Length;
        if (count <= Exhaustive)
        {
            for (var bits = 0; bits < 1 << count; bits++)
                yield return [.. Enumerable.Range(0, count).Select(i => (bits >> i & 1) != 0)];
            yield break;
        }

        for (var cut = 0; cut <= count; cut++)
        {
            yield return [.. Enumerable.Range(0, count).Select(i => i < cut)];
            yield return [.. Enumerable.Range(0, count).Select(i => i >= cut)];
            yield return [.. Enumerable.Range(0, count).Select(i => i == cut)];
            yield return [.. Enumerable.Range(0, count).Select(i => i != cut)];
        }

        // A sector that was written twice since the flush and got there neither time.
        foreach (var sector in sectors.Distinct())
            yield return [.. sectors.Select(s => s != sector)];

        for (var i = 0; i < Sample; i++)
            yield return [.. Enumerable.Range(0, count).Select(_ => random.Next(2) == 0)];
    }
}
