using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>The proof records of one half, as far as they can be read.</summary>
/// <param name="Records">Those of the half's newest life in order; some may be missing in between.</param>
/// <param name="EndsCleanly">Whether nothing but zeros follows the last one: then no later one was ever written, as far as the area can
/// tell.</param>
/// <param name="Problem">Why some could not be read; <see langword="null"/> when the device gave all.</param>
internal sealed record ProofList(ImmutableArray<ProofRecord> Records, bool EndsCleanly, string? Problem)
{
    /// <summary>So many places in a row without a record end the list. A disk block of 4 KiB that was lost does not.</summary>
    public const int Gap = 48;

    /// <summary>No records.</summary>
    public static ProofList None { get; } = new([], false, null);

    /// <summary>Which full write the half got last; 0 where that is not known.</summary>
    public long Life => Records.IsEmpty ? 0 : Records[^1].Life;

    /// <summary>The last flush that is known of.</summary>
    public ProofRecord? Last => Records.IsEmpty ? null : Records[^1];

    /// <summary>Reads the records of a half. Never throws on what is in them or what the device does.</summary>
    public static ProofList Read(JournalBytes bytes, AreaMap map, JournalHalf half)
    {
        var records = ImmutableArray.CreateBuilder<ProofRecord>();
        var (clean, gap, life) = (true, 0, 0L);
        Span<byte> block = stackalloc byte[ProofRecord.Bytes];
        try
        {
            for (var place = 0; place < map.ProofCapacity && gap < Gap; place++)
            {
                if (bytes.ReadAt(map.ProofsAt(half) + ((long)place * ProofRecord.Bytes), block) < block.Length)
                {
                    clean = false;
                    break;
                }

                var record = ProofRecord.Decode(block);
                if (record is null || record.Number != place || record.Life < life)
                {
                    clean &= !block.ContainsAnyExcept((byte)0);
                    gap++;
                    continue;
                }

                if (record.Life > life)
                    records.Clear();
                records.Add(record);
                (life, clean, gap) = (record.Life, true, 0);
            }
        }
        catch (IOException e)
        {
            return new ProofList(records.ToImmutable(), false, $"the device failed to give proof records: {e.Message}");
        }

        return new ProofList(records.ToImmutable(), clean, null);
    }
}
