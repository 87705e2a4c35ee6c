using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Adds states to the history, so that no crash loses one that it held.
/// <code>
/// 1 a directory without what is dropped, flush      only where its blocks are needed
/// 2 the state into free blocks, flush
/// 3 a directory with it, flush
/// </code>
/// Each directory goes into the place of the older copy. Blocks that the durable directory speaks of are never written.
/// </summary>
internal sealed class HistoryWriter
{
    // Leaves an entry with a name of usual length room for many extents.
    private const int DirectoryBytesPerEntry = 512;

    private readonly JournalDevice _device;
    private readonly AreaMap _map;
    private HistoryDirectory _directory;
    private int _copy;

    /// <summary>Reads the directory; writes nothing.</summary>
    public HistoryWriter(JournalDevice device, AreaMap map)
    {
        (_device, _map) = (device, map);
        (_directory, _copy, _) = HistoryDirectory.Read(device.Bytes, map);
    }

    private HistorySpace Space => new(_map.Blocks, _map.BlockBytes, _map.DirectoryBytes / DirectoryBytesPerEntry);

    /// <summary>Adds a state and lets go what <see cref="HistoryThinning"/> says.</summary>
    /// <exception cref="IOException">The device failed; the history is as it was before or as it would be after.</exception>
    public HistoryAddResult Add(PackedDatabase packed, DateTimeOffset now)
    {
        var entry = packed.Entry with { Id = _directory.NextId };
        if (_directory.Entries.LastOrDefault() is { } last && last.Generation == entry.Generation && last.Pool.Uuid == entry.Pool.Uuid)
            return HistoryAddResult.AlreadyThere;
        var drop = HistoryThinning.Drop(_directory.Entries.Add(entry), now, Space).ToHashSet();
        if (drop.Contains(entry))
            return HistoryAddResult.NoSpace;
        var kept = _directory.Entries.RemoveAll(drop.Contains);
        var needed = Space.BlocksFor(entry.StoredBytes);
        var places = HistoryBlocks.Find(_directory.Entries, needed, _map.Blocks);
        var makesWay = places.IsDefault;
        if (makesWay)
            places = HistoryBlocks.Find(kept, needed, _map.Blocks);
        var next = kept.Add(entry with { Extents = places });
        if ((_directory with { Entries = next }).Encode().Length > _map.DirectoryBytes)
            return HistoryAddResult.NoSpace;

        if (makesWay)
            Write(kept, _directory.NextId);
        var at = 0;
        foreach (var extent in places)
        {
            var part = packed.Stored.AsSpan(at, (int)Math.Min(packed.Stored.Length - at, (long)extent.Count * _map.BlockBytes));
            _device.WriteAt(_map.BlockAt(extent.First), part);
            at += part.Length;
        }

        _device.Flush();
        Write(next, entry.Id + 1);
        return HistoryAddResult.Added;
    }

    private void Write(ImmutableArray<HistoryEntry> entries, long nextId)
    {
        var directory = new HistoryDirectory(_directory.Sequence + 1, nextId, entries);
        _device.WriteAt(_map.DirectoryAt(_copy ^ 1), directory.Encode());
        _device.Flush();
        (_directory, _copy) = (directory, _copy ^ 1);
    }
}
