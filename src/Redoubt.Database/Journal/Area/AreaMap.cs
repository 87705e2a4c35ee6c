namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Where everything lies in our area, as offsets in the volume.
/// <code>
/// area                            bytes            content
/// 0                               4,096            header, one copy
/// 4,096                           4,096            header, the other copy
/// 8,192                           directory bytes  directory of the history, one copy
///                                 directory bytes  directory of the history, the other copy
///                                 proof bytes      proof records of the first half
///                                 proof bytes      proof records of the second half
/// next multiple of a block        blocks           earlier databases
/// </code>
/// The whole format is written down in <c>docs/formats/metadata-volume.md</c>.
/// </summary>
internal sealed record AreaMap(long Start, long Bytes, int DirectoryBytes, int ProofBytes, int BlockBytes)
{
    /// <summary>Bytes of the place of one copy of the header: a whole block of any disk, so that no torn write takes both.</summary>
    public const int HeaderSlotBytes = 4096;

    /// <summary>How many proof records there is room for in each half.</summary>
    public int ProofCapacity => ProofBytes / ProofRecord.Bytes;

    /// <summary>Where the blocks begin.</summary>
    public long BlocksAt
    {
        get
        {
            var head = (2L * HeaderSlotBytes) + (2L * DirectoryBytes) + (2L * ProofBytes);
            return Start + ((head + BlockBytes - 1) / BlockBytes * BlockBytes);
        }
    }

    /// <summary>How many blocks there are.</summary>
    public int Blocks => (int)Math.Min((Start + Bytes - BlocksAt) / BlockBytes, int.MaxValue);

    /// <summary>The map of a new area on a volume of this length, or <see langword="null"/> when it is too short for one.</summary>
    public static AreaMap? Of(JournalLayout layout, long volumeBytes)
    {
        if (layout.Area is not { } sizes || volumeBytes <= layout.AreaStart)
            return null;
        var map = new AreaMap(layout.AreaStart, volumeBytes - layout.AreaStart, sizes.DirectoryBytes, sizes.ProofBytes, sizes.BlockBytes);
        return map.Start + map.Bytes - map.BlocksAt >= (long)sizes.MinimumBlocks * sizes.BlockBytes ? map : null;
    }

    /// <summary>Where a copy of the header begins, 0 or 1.</summary>
    public static long HeaderAt(long start, int copy) => start + ((long)copy * HeaderSlotBytes);

    /// <summary>Where a copy of the directory begins, 0 or 1.</summary>
    public long DirectoryAt(int copy) => Start + (2L * HeaderSlotBytes) + ((long)copy * DirectoryBytes);

    /// <summary>Where the proof records of a half begin.</summary>
    public long ProofsAt(JournalHalf half) => DirectoryAt(2) + (half == JournalHalf.First ? 0L : ProofBytes);

    /// <summary>Where a block begins.</summary>
    public long BlockAt(int block) => BlocksAt + ((long)block * BlockBytes);
}
