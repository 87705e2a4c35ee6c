using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>
/// Writes a redo log that xapi can read. A whole database goes into the half that does not count, and only when it is durable does
/// that half begin to count; transactions are appended to it from then on.
/// <code>
/// WriteDatabase                                       Append
/// 1 length of the half's old record := 0,             1 zeros ahead of the log, flush (about once per MiB)
///   zeros over its proof, flush                       2 all records and the end mark in one write,
/// 2 marker, database, generation, marker,               their proof in another, flush
///   end mark, zeros ahead, proof, flush               3 answer
/// 3 length, flush
/// 4 validity byte, flush
/// </code>
/// A database that is larger than a half is written compressed into our area in step 2. In the half stands where it is
/// (<see cref="LargeDatabase"/>), and the tag of that takes the part of the length in steps 1 and 3.
/// The proof lies in our area, where the volume is long enough for one (<see cref="AreaWriter"/>); the log is the same without it.
/// Steps 1 and 3 keep a half that is being written from ever looking whole. The zeros make a torn append provable: of a write that a
/// crash cut to some of its sectors, the others read as NUL, and no record has a NUL in it.
/// </summary>
/// <remarks>
/// Blocking and not safe for concurrent use; see <see cref="JournalDevice"/>. After any exception from the device what is on the volume
/// is in doubt, so the writer takes no more transactions until a whole database has been written.
/// </remarks>
public sealed class JournalWriter : IDisposable
{
    // Of the last flush so much is compared when it is proven to be in its place.
    private const int TailBytes = 4096;

    private static readonly byte[] Zeros = new byte[64 * 1024];
    private readonly JournalDevice _device;
    private readonly JournalLayout _layout;
    private readonly TimeProvider _time;
    private readonly AreaWriter? _area;
    private readonly Dictionary<JournalHalf, LargeDatabase> _large = [];
    private HistoryWriter? _history;
    private readonly ArrayBufferWriter<byte> _batch = new(64 * 1024);
    private JournalHalf? _counts;
    private byte[] _marker = [];
    private long _at;
    private long _zeroedTo;
    private bool _mayAppend;
    private bool _validityInDoubt;
    private readonly OwnerClaim? _claim;
    private readonly byte[] _tail = new byte[TailBytes];
    private int _tailLength;
    private WrittenPiece? _seal;

    /// <summary>Takes over an existing log. Nothing is written before <see cref="WriteDatabase"/>.</summary>
    /// <param name="device">The volume; the caller disposes of it.</param>
    /// <param name="keep">
    /// The half that must stay untouched until the first whole database is durable. By default the one that counts; name the other
    /// when a reader found that only that one is usable.
    /// </param>
    /// <exception cref="JournalException">The volume is no redo log or too small for one.</exception>
    /// <exception cref="IOException">The volume cannot be read.</exception>
    public JournalWriter(JournalDevice device, JournalHalf? keep = null)
        : this(device, TimeProvider.System, keep)
    {
    }

    /// <inheritdoc cref="JournalWriter(JournalDevice, JournalHalf?)"/>
    /// <param name="time">The clock for the times in our area.</param>
    /// <param name="owner">
    /// Who writes, and claims the volume with the first whole database; <see langword="null"/> where nobody else can. With a term, who has
    /// claimed it before: then it must still be its, and hold what a Redoubt wrote.
    /// </param>
    /// <param name="signer">Signs what is written, for readers elsewhere; <see langword="null"/> for a volume that nobody else
    /// reads.</param>
#pragma warning disable CS1573 // The others are inherited.
    public JournalWriter(
        JournalDevice device, TimeProvider time, JournalHalf? keep = null, VolumeOwner? owner = null, VolumeSigner? signer = null)
#pragma warning restore CS1573
        : this(device, JournalLayout.Xapi, time, keep, owner, signer)
    {
    }

    internal JournalWriter(
        JournalDevice device, JournalLayout layout, TimeProvider time, JournalHalf? keep = null, VolumeOwner? owner = null,
        VolumeSigner? signer = null)
    {
        (_device, _layout, _time) = (device, layout, time);
        RequireLength(device, layout);
        Span<byte> header = stackalloc byte[JournalLayout.HeaderBytes];
        var length = device.ReadAt(0, header);
        if (!header.StartsWith(JournalLayout.Magic))
            throw new JournalException(
                JournalFault.NotARedoLog, $"{device.Path} is no redo log but begins with {VolumeHead.Describe(header[..length])}");
        var named = JournalLayout.Named(header[JournalLayout.ValidityOffset]);
        // The half to keep must be the one that the byte names before the other is touched: xapi, for one, looks at no other.
        (_counts, _validityInDoubt) = (keep ?? named?.Half, keep is not null && keep != named?.Half);
        _area = AreaWriter.Open(device, layout, signer);
        _claim = owner is null || _area is null ? null : new OwnerClaim(device, _area.Map.Start, owner);
        if (owner is { Term: > 0 } && named is { } counting)
            RequireOurs(counting.Half);
        foreach (var half in (JournalHalf[])[JournalHalf.First, JournalHalf.Second])
        {
            if (LargeDatabase.Read(device.Bytes, layout, half, out _) is { } large)
                _large[half] = large;
        }
    }

    /// <summary>Generation of the last thing made durable by this writer; -1 before that.</summary>
    public long Generation { get; private set; } = -1;

    /// <summary>Who writes; with its term, once it has claimed the volume. <see langword="null"/> where nobody claims anything.</summary>
    public VolumeOwner? Owner => _claim?.Owner;

    /// <summary>Bytes left for records in the half that counts; 0 while nothing may be appended.</summary>
    public long SpaceLeft => _mayAppend ? _layout.EndOf(_counts!.Value) - JournalLayout.EndMarkBytes - _at : 0;

    /// <summary>
    /// The largest dump that fits a half, in bytes. Sixteen fewer than xapi would take: we always leave room for the end mark.
    /// </summary>
    public long MaxDatabaseBytes => _layout.HalfBytes - JournalLayout.DatabaseFrameBytes - JournalLayout.EndMarkBytes;

    /// <summary>Whether the volume is long enough for our area.</summary>
    public bool HasArea => _area is not null;

    /// <summary>
    /// Whether the database was too large for a half when it was last written whole, so that only Redoubt can read the volume.
    /// </summary>
    public bool IsLarge => _counts is { } half && _large.ContainsKey(half);

    /// <summary>Turns a blank volume into an empty redo log. Never touches one that holds anything.</summary>
    /// <exception cref="JournalException">The first 64 KiB are not all zero, or the volume is too small.</exception>
    public static void Initialise(JournalDevice device) => Initialise(device, JournalLayout.Xapi);

    internal static void Initialise(JournalDevice device, JournalLayout layout)
    {
        RequireLength(device, layout);
        var head = new byte[Math.Min(Zeros.Length, layout.UsedBytes)];
        var length = device.ReadAt(0, head);
        if (head.AsSpan(0, length).ContainsAnyExcept((byte)0))
        {
            throw new JournalException(JournalFault.NotBlank,
                $"{device.Path} is not blank: it begins with {VolumeHead.Describe(head.AsSpan(0, JournalLayout.HeaderBytes))}");
        }

        device.WriteAt(0, [.. JournalLayout.Magic, 0, (byte)'0']);
        device.Flush();
    }

    /// <summary>Writes the whole database into the half that does not count, with a new marker, and makes that half count.</summary>
    /// <exception cref="JournalException">
    /// The dump is larger than a half, and the volume has no area or none with so much space; all sizes are in the message. What the
    /// volume held it holds still, but for states of the history.
    /// </exception>
    /// <exception cref="ArgumentException">The generation is odd, negative or too large, or the dump holds what XML cannot carry. Nothing
    /// was written.</exception>
    /// <exception cref="IOException">The device failed.</exception>
    public void WriteDatabase(DatabaseDump dump)
    {
        ArgumentNullException.ThrowIfNull(dump);
        var generation = dump.Manifest.Generation;
        if (generation is < 0 or > JournalLayout.MaxGeneration || TransactionFraming.MoreFollow(generation))
            throw new ArgumentException($"a whole database cannot be written at generation {generation}", nameof(dump));
        // Encoding twice costs time but lets an oversized database fail before the volume is touched. One that is surely too large for
        // a half is compressed in any case, and that is before the volume is touched too.
        var ready = _area is not null && DumpWriter.IsSurelyLargerThan(dump, MaxDatabaseBytes)
            ? PackedDatabase.Of(dump, _time.GetUtcNow())
            : null;
        var length = ready?.Entry.DumpBytes ?? DumpWriter.Measure(dump);
        var half = _counts is { } counts ? JournalLayout.Other(counts) : JournalHalf.First;
        _device.RequireInPlace();
        _claim?.Take(PoolIdentity.Of(dump));
        var (packed, places) = length > MaxDatabaseBytes ? Pack(dump, ready, length, half) : (null, default);

        _mayAppend = false;
        if (_validityInDoubt && _counts is { } known)
            SetValidity(known);
        _validityInDoubt = true;
        var start = _layout.StartOf(half);
        var marker = JournalMarker.Create();
        _marker = Encoding.ASCII.GetBytes(marker);

        // Both at once: whichever form the half had.
        _device.WriteAt(start + JournalLayout.MarkerBytes, Zeros.AsSpan(0, JournalLayout.NumberBytes + LargeDatabase.Tag.Length));
        _large.Remove(half);
        _area?.Begin(half, marker, dump, Now);
        _device.Flush();

        _device.WriteAt(start, _marker);
        _area?.Cover(_marker);
        var (sealAt, seal) = packed is null ? WriteDump(dump, length, generation, start) : WriteLarge(packed, places, half, marker);
        _zeroedTo = _at;
        ZeroAhead(half, _at + JournalLayout.EndMarkBytes);
        _area?.RecordDatabase(generation, _at - start, Now);
        _device.Flush();

        // A writer that hung for minutes comes back here, and the volume may be somebody else's by now.
        _claim?.Require();
        _device.WriteAt(sealAt, seal);
        _device.Flush();

        _claim?.Require();
        SetValidity(half);
        _area?.Settled();
        (_counts, _validityInDoubt, Generation) = (half, false, generation);
        _seal = new WrittenPiece(sealAt, seal, "the head of the half that counts");
        Compare();
        _mayAppend = true;
    }

    /// <summary>
    /// Proves that who opens the path finds what was written last at its place, in a volume that is still this writer's. Reads a few
    /// sectors, by a way of their own. Says nothing while the last write is in doubt.
    /// </summary>
    /// <exception cref="JournalException"><see cref="JournalFault.Displaced"/>, <see cref="JournalFault.Superseded"/>.</exception>
    /// <exception cref="IOException">The volume cannot be opened or read.</exception>
    public void Prove()
    {
        if (!_mayAppend)
            return;
        _mayAppend = false;
        Compare();
        _mayAppend = true;
    }

    private void Compare()
    {
        using var again = _device.OpenAgain();
        var bytes = new JournalBytes(again);
        _claim?.RequireIn(bytes);
        foreach (var piece in Written())
        {
            var found = new byte[piece.Bytes.Length];
            if (bytes.ReadAt(piece.At, found) < found.Length || !piece.Bytes.Span.SequenceEqual(found))
                throw _device.Displaced($"{piece.Name}, at byte {piece.At}, is not what was written there");
        }
    }

    private IEnumerable<WrittenPiece> Written()
    {
        var half = _counts!.Value;
        yield return new WrittenPiece(
            0, (byte[])[.. JournalLayout.Magic, 0, JournalLayout.ValidityOf(half, _large.ContainsKey(half))], "the head of the redo log");
        yield return new WrittenPiece(_layout.StartOf(half), _marker, "the marker of the half that counts");
        yield return _seal!;
        yield return new WrittenPiece(_at - _tailLength, _tail.AsMemory(0, _tailLength), "the last change");
        foreach (var piece in _area?.Written() ?? [])
            yield return piece;
    }

    /// <summary>Notes the end of what a flush wrote to the half.</summary>
    private void Remember(ReadOnlySpan<byte> written)
    {
        _tailLength = Math.Min(written.Length, TailBytes);
        written[^_tailLength..].CopyTo(_tail);
    }

    /// <summary>
    /// Requires that a half that counts is one that a Redoubt wrote: xapi may have taken the volume for its own meanwhile.
    /// </summary>
    private void RequireOurs(JournalHalf half)
    {
        var marker = new byte[JournalLayout.MarkerBytes];
        if (_device.ReadAt(_layout.StartOf(half), marker) < marker.Length || !JournalMarker.IsOurs(marker))
            throw _device.Displaced("the database that counts in it was not written by a Redoubt");
    }

    /// <summary>Step 2 of a database that fits. Answers what step 3 writes, and where.</summary>
    private (long At, byte[] Bytes) WriteDump(DatabaseDump dump, long length, long generation, long start)
    {
        var digits = new byte[JournalLayout.NumberBytes];
        JournalNumber.Write(length, digits);
        _area?.Cover(digits);
        var content = new HalfStream(_device, start + JournalLayout.MarkerBytes + JournalLayout.NumberBytes, _area);
        DumpWriter.Write(dump, content);
        var trailer = new byte[JournalLayout.TrailerBytes + JournalLayout.EndMarkBytes];
        JournalNumber.Write(generation, trailer.AsSpan(0, JournalLayout.NumberBytes));
        _marker.CopyTo(trailer, JournalLayout.NumberBytes);
        _device.WriteAt(content.At, trailer);
        _at = content.At + JournalLayout.TrailerBytes;
        Remember(trailer.AsSpan(0, JournalLayout.TrailerBytes));
        _area?.Cover(trailer.AsSpan(0, JournalLayout.TrailerBytes));
        return (start + JournalLayout.MarkerBytes, digits);
    }

    /// <summary>Step 2 of one that does not.</summary>
    private (long At, byte[] Bytes) WriteLarge(PackedDatabase packed, ImmutableArray<HistoryExtent> places, JournalHalf half, string marker)
    {
        var start = _layout.StartOf(half);
        var extents = _history!.Store(packed, places);
        var large = new LargeDatabase(
            marker, packed.Entry.Generation, Now, packed.Entry.DumpBytes, packed.Entry.StoredBytes, packed.Entry.Checksum, extents);
        var record = large.Encode();
        _area!.Cover(record.AsSpan(JournalLayout.MarkerBytes));
        record.AsSpan(LargeDatabase.TagOffset, LargeDatabase.Tag.Length).Clear();
        _device.WriteAt(start + JournalLayout.MarkerBytes, record.AsSpan(JournalLayout.MarkerBytes));
        _at = start + record.Length;
        Remember(record.AsSpan(record.Length - AreaSeal.Bytes));
        _large[half] = large;
        return (start + LargeDatabase.TagOffset, LargeDatabase.Tag.ToArray());
    }

    /// <summary>
    /// Compresses a database that is larger than a half, and finds space for it that neither the half to be kept nor the history needs.
    /// </summary>
    private (PackedDatabase Packed, ImmutableArray<HistoryExtent> Places) Pack(
        DatabaseDump dump, PackedDatabase? ready, long length, JournalHalf half)
    {
        var sizes = $"the database has {length} bytes, half a redo log takes {MaxDatabaseBytes}";
        if (_area is null)
            throw new JournalException(
                JournalFault.DatabaseTooLarge,
                $"{sizes}, and {_device.Path}, of {_device.Length} bytes, has no area of Redoubt's for a larger one");
        if (length > DumpLimits.Default.DocumentBytes)
            throw new JournalException(
                JournalFault.DatabaseTooLarge, $"{sizes}, and no reader takes more than {DumpLimits.Default.DocumentBytes}");
        var packed = ready ?? PackedDatabase.Of(dump, _time.GetUtcNow());
        var history = _history ?? new HistoryWriter(_device, _area.Map);
        _history = null;
        var places = history.MakeRoom(history.BlocksFor(packed.Entry.StoredBytes), BlocksOf(JournalLayout.Other(half)), _time.GetUtcNow());
        _history = history;
        return places.IsDefault
            ? throw new JournalException(
                JournalFault.DatabaseTooLarge,
                $"{sizes}; compressed it has {packed.Entry.StoredBytes}, and the area of {_device.Path} has "
                    + $"{(long)_area.Map.Blocks * _area.Map.BlockBytes} for it and the one before it")
            : (packed, places);
    }

    /// <summary>The blocks in which the database of a half lies.</summary>
    private List<HistoryExtent> BlocksOf(JournalHalf half)
    {
        var map = _area!.Map;
        return !_large.TryGetValue(half, out var large)
            ? []
            : [.. large.Extents.Where(e => e.Offset >= map.BlocksAt).Select(e => new HistoryExtent(
                (int)((e.Offset - map.BlocksAt) / map.BlockBytes), (int)((e.Bytes + map.BlockBytes - 1) / map.BlockBytes)))];
    }

    /// <summary>Appends transactions with one write and one flush, so that all who wait share it. Durable when it answers so.</summary>
    /// <exception cref="ArgumentException">
    /// A transaction does not come after what is on the volume or after the one before it, or holds what no dump could carry. Nothing was
    /// written.
    /// </exception>
    /// <exception cref="IOException">The device failed; none of the transactions may be taken for durable.</exception>
    public AppendResult Append(IReadOnlyList<JournalTransaction> transactions)
    {
        ArgumentNullException.ThrowIfNull(transactions);
        if (!_mayAppend)
            return AppendResult.WholeDatabaseNeeded;
        var generation = Encode(transactions);
        if (_batch.WrittenCount > SpaceLeft || _area is { HasRoom: false })
            return AppendResult.NotEnoughSpace;
        if (transactions.Count == 0)
            return AppendResult.Durable;

        _mayAppend = false;
        _device.RequireInPlace();
        _claim?.Require();
        var end = _at + _batch.WrittenCount;
        if (end + JournalLayout.EndMarkBytes > _zeroedTo || _area is { NeedsZeros: true })
        {
            ZeroAhead(_counts!.Value, end + JournalLayout.EndMarkBytes);
            _area?.ZeroAhead();
            _device.Flush();
        }

        _batch.Write(Zeros.AsSpan(0, JournalLayout.EndMarkBytes));
        _device.WriteAt(_at, _batch.WrittenSpan);
        _area?.RecordBatch(_batch.WrittenSpan[..^JournalLayout.EndMarkBytes], generation, end - _layout.StartOf(_counts!.Value), Now);
        _device.Flush();
        // Once more: what was taken over in between is not what anybody may rely on.
        _claim?.Require();
        Remember(_batch.WrittenSpan[..^JournalLayout.EndMarkBytes]);
        (_at, Generation, _mayAppend) = (end, generation, true);
        return AppendResult.Durable;
    }

    /// <summary>
    /// Keeps a state in the history of the volume, and lets go what that thins out. It takes two or three flushes of its own, so it is no
    /// part of any commit.
    /// </summary>
    /// <exception cref="IOException">The device failed. The log does not depend on it, so this writer goes on.</exception>
    public HistoryAddResult AddHistory(PackedDatabase packed)
    {
        ArgumentNullException.ThrowIfNull(packed);
        if (_area is null || !_mayAppend)
            return HistoryAddResult.NoArea;
        var history = _history ?? new HistoryWriter(_device, _area.Map);
        // If this fails, which directory is on the volume is in doubt, so the next time it is read again.
        _history = null;
        var taken = BlocksOf(JournalHalf.First).Concat(BlocksOf(JournalHalf.Second)).ToList();
        // The next one may be larger, and is written while this one is kept.
        var largest = _large.Values.Select(l => history.BlocksFor(l.StoredBytes)).DefaultIfEmpty(0).Max();
        _area.Sign();
        var result = history.Add(packed, _time.GetUtcNow(), taken, Math.Max(taken.Sum(e => e.Count), largest * 5 / 2));
        _history = history;
        return result;
    }

    /// <summary>Lets go of what it computes with; the device stays open.</summary>
    public void Dispose() => _area?.Dispose();

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private long Encode(IReadOnlyList<JournalTransaction> transactions)
    {
        _batch.ResetWrittenCount();
        var generation = Generation;
        foreach (var transaction in transactions)
        {
            if (transaction.Before < generation || transaction.Generation > JournalLayout.MaxGeneration)
                throw new ArgumentException(
                    $"a transaction on generation {transaction.Before} cannot follow {generation}", nameof(transactions));
            for (var i = 0; i < transaction.Deltas.Length; i++)
                DeltaRecord.Encode(transaction.Deltas[i], transaction.GenerationOf(i), _marker, _batch);
            generation = transaction.Generation;
        }

        return generation;
    }

    private void ZeroAhead(JournalHalf half, long needed)
    {
        var to = Math.Min(needed + _layout.ZerosAheadBytes, _layout.EndOf(half));
        while (_zeroedTo < to)
        {
            var count = (int)Math.Min(Zeros.Length, to - _zeroedTo);
            _device.WriteAt(_zeroedTo, Zeros.AsSpan(0, count));
            _zeroedTo += count;
        }
    }

    private void SetValidity(JournalHalf half)
    {
        _device.WriteAt(JournalLayout.ValidityOffset, [JournalLayout.ValidityOf(half, _large.ContainsKey(half))]);
        _device.Flush();
    }

    private static void RequireLength(JournalDevice device, JournalLayout layout)
    {
        if (device.Length < layout.UsedBytes)
            throw new JournalException(
                JournalFault.VolumeTooSmall, $"{device.Path} has {device.Length} bytes, a redo log takes {layout.UsedBytes}");
    }
}
