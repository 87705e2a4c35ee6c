using System.IO.Compression;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal.Area;

/// <summary>A database compressed for the history. Making one takes time and no volume, so it is made away from whoever writes.</summary>
/// <remarks>
/// Brotli, since its window of 4 MiB sees the rows repeat, and at this quality it is about as fast as gzip at its fastest.
/// </remarks>
public sealed class PackedDatabase
{
    private const int Quality = 4;

    private PackedDatabase(byte[] stored, HistoryEntry entry) => (Stored, Entry) = (stored, entry);

    /// <summary>What the history will say about it; neither numbered nor placed yet.</summary>
    public HistoryEntry Entry { get; }

    internal byte[] Stored { get; }

    /// <summary>Compresses a database.</summary>
    /// <param name="dump">The database.</param>
    /// <param name="writtenAt">When it was as it is here.</param>
    /// <exception cref="ArgumentException">It holds what no dump can carry.</exception>
    public static PackedDatabase Of(DatabaseDump dump, DateTimeOffset writtenAt)
    {
        ArgumentNullException.ThrowIfNull(dump);
        using var packed = new MemoryStream();
        long dumpBytes;
        using (var brotli = new BrotliStream(packed, new BrotliCompressionOptions { Quality = Quality }, leaveOpen: true))
            dumpBytes = DumpWriter.Write(dump, brotli);
        var stored = packed.ToArray();
        var vms = dump.FindTable("VM")?.Rows.Count(IsVm) ?? 0;
        return new PackedDatabase(stored, new HistoryEntry
        {
            Id = 0,
            Generation = dump.Manifest.Generation,
            // As it will be read: the volume has milliseconds.
            WrittenAt = AreaTime.Of(writtenAt.ToUnixTimeMilliseconds()),
            Pool = PoolIdentity.Of(dump),
            Vms = vms,
            VApps = dump.FindTable("VM_appliance")?.Rows.Length ?? 0,
            DumpBytes = dumpBytes,
            StoredBytes = stored.Length,
            Checksum = AreaSeal.Of(stored),
        });
    }

    /// <summary>The database of an entry, or what is wrong with it. Never throws on what is there.</summary>
    internal static (DatabaseDump? Dump, string? Problem) Read(JournalBytes bytes, AreaMap map, HistoryEntry entry, DumpLimits limits)
    {
        var what = $"the earlier database of generation {entry.Generation}";
        var room = entry.Extents.Sum(e => (long)e.Count) * map.BlockBytes;
        if (entry.StoredBytes < 0 || entry.StoredBytes > Math.Min(room, limits.DocumentBytes) || !entry.Extents.All(e => IsWithin(e, map)))
            return (null, $"{what} is said to lie where it cannot");
        try
        {
            var stored = new byte[entry.StoredBytes];
            var at = 0;
            foreach (var extent in entry.Extents)
            {
                var part = stored.AsSpan(at, (int)Math.Min(stored.Length - at, (long)extent.Count * map.BlockBytes));
                if (bytes.ReadAt(map.BlockAt(extent.First), part) < part.Length)
                    return (null, $"the volume ends inside {what}");
                at += part.Length;
            }

            if (AreaSeal.Of(stored) != entry.Checksum)
                return (null, $"the checksum of {what} does not hold");
            using var brotli = new BrotliStream(new MemoryStream(stored), CompressionMode.Decompress);
            var dump = DumpReader.Read(brotli, limits);
            return dump.Manifest.Generation == entry.Generation
                ? (dump, null)
                : (null, $"{what} says generation {dump.Manifest.Generation}");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException or DumpFormatException)
        {
            return (null, $"{what} cannot be read: {e.Message}");
        }
    }

    private static bool IsVm(DumpRow row) => !Is(row, "is_a_template") && !Is(row, "is_a_snapshot") && !Is(row, "is_control_domain");

    private static bool Is(DumpRow row, string column) => row.Columns.TryGetValue(column, out var value) && value == "true";

    private static bool IsWithin(HistoryExtent extent, AreaMap map) =>
        extent is { First: >= 0, Count: > 0 } && (long)extent.First + extent.Count <= map.Blocks;
}
