using System.Collections.Immutable;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Adds states to the history, so that no crash loses one that it held.
/// <code>
/// 1 a directory without what is dropped, flush      only where its blocks are needed
/// 2 the state into free blocks, flush
/// 3 a directory with it, flush
/// </code>
/// A database that is too large for a half lies among the states (<see cref="LargeDatabase"/>); the history leaves its blocks alone, and
/// as many as the next one will take. Each directory goes into the place of the older copy. Blocks that the durable directory speaks of are
/// never written.
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

    /// <summary>The blocks that so many stored bytes take.</summary>
    public int BlocksFor(long storedBytes) => Space(0).BlocksFor(storedBytes);

    private HistorySpace Space(int without) => new(_map.Blocks - without, _map.BlockBytes, _map.DirectoryBytes / DirectoryBytesPerEntry);

    /// <summary>Adds a state and lets go what <see cref="HistoryThinning"/> says.</summary>
    /// <exception cref="IOException">The device failed; the history is as it was before or as it would be after.</exception>
    /// <param name="packed">The state.</param>
    /// <param name="now">The time.</param>
    /// <param name="taken">Blocks that databases of the halves lie in.</param>
    /// <param name="set">How many blocks are set aside for these.</param>
    public HistoryAddResult Add(PackedDatabase packed, DateTimeOffset now, IReadOnlyList<HistoryExtent> taken, int set)
    {
        var entry = packed.Entry with { Id = _directory.NextId };
        if (_directory.Entries.LastOrDefault() is { } last && last.Generation == entry.Generation && last.Pool.Uuid == entry.Pool.Uuid)
            return HistoryAddResult.AlreadyThere;
        var drop = HistoryThinning.Drop(_directory.Entries.Add(entry), now, Space(set)).ToHashSet();
        if (drop.Contains(entry))
            return HistoryAddResult.NoSpace;
        var kept = _directory.Entries.RemoveAll(drop.Contains);
        var needed = BlocksFor(entry.StoredBytes);
        var places = HistoryBlocks.Find(Used(_directory.Entries, taken), needed, _map.Blocks);
        var makesWay = places.IsDefault;
        if (makesWay)
            places = HistoryBlocks.Find(Used(kept, taken), needed, _map.Blocks);
        // As many as it needs are free, unless what was set aside is in use by now.
        if (places.IsDefault)
            return HistoryAddResult.NoSpace;
        var next = kept.Add(entry with { Extents = places });
        if ((_directory with { Entries = next }).Encode().Length > _map.DirectoryBytes)
            return HistoryAddResult.NoSpace;

        if (makesWay)
            Write(kept, _directory.NextId);
        Store(packed, places);
        _device.Flush();
        Write(next, entry.Id + 1);
        return HistoryAddResult.Added;
    }

    /// <summary>
    /// Finds blocks for a database, for which states of the history make way if they must. The default array when not even without them
    /// there are enough; then nothing has changed.
    /// </summary>
    /// <exception cref="IOException">The device failed; the history is as it was before or as it would be after.</exception>
    public ImmutableArray<HistoryExtent> MakeRoom(int needed, IReadOnlyList<HistoryExtent> taken, DateTimeOffset now)
    {
        var places = HistoryBlocks.Find(Used(_directory.Entries, taken), needed, _map.Blocks);
        var space = Space(needed + taken.Sum(e => e.Count));
        if (!places.IsDefault || space.Blocks < 0)
            return places;
        var kept = _directory.Entries.RemoveAll(HistoryThinning.Drop(_directory.Entries, now, space).ToHashSet().Contains);
        Write(kept, _directory.NextId);
        return HistoryBlocks.Find(Used(kept, taken), needed, _map.Blocks);
    }

    /// <summary>Writes what was compressed into blocks; durable with the next flush.</summary>
    public ImmutableArray<StoredExtent> Store(PackedDatabase packed, ImmutableArray<HistoryExtent> places)
    {
        var stored = ImmutableArray.CreateBuilder<StoredExtent>(places.Length);
        var at = 0;
        foreach (var extent in places)
        {
            var part = packed.Stored.AsSpan(at, (int)Math.Min(packed.Stored.Length - at, (long)extent.Count * _map.BlockBytes));
            _device.WriteAt(_map.BlockAt(extent.First), part);
            stored.Add(new StoredExtent(_map.BlockAt(extent.First), part.Length));
            at += part.Length;
        }

        return stored.MoveToImmutable();
    }

    private static IEnumerable<HistoryExtent> Used(ImmutableArray<HistoryEntry> entries, IReadOnlyList<HistoryExtent> taken) =>
        entries.SelectMany(e => e.Extents).Concat(taken);

    private void Write(ImmutableArray<HistoryEntry> entries, long nextId)
    {
        var directory = new HistoryDirectory(_directory.Sequence + 1, nextId, entries);
        _device.WriteAt(_map.DirectoryAt(_copy ^ 1), directory.Encode());
        _device.Flush();
        (_directory, _copy) = (directory, _copy ^ 1);
    }
}
