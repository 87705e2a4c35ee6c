using System.Buffers;
using System.Text;
using Redoubt.Database.Dump;
using Redoubt.Database.Journal.Area;

namespace Redoubt.Database.Journal;

/// <summary>Reads one half: the database record, then deltas as far as they can be trusted, then what lies behind.</summary>
/// <remarks>
/// Every step can only make the answer smaller: a record counts when its frame, its marker, its generation and its content agree and
/// the database takes it. Where our area has proof of these very bytes, nothing counts that a checksum contradicts.
/// </remarks>
/// <param name="bytes">The volume.</param>
/// <param name="layout">Its layout.</param>
/// <param name="half">The half.</param>
/// <param name="limits">What is accepted of a dump.</param>
/// <param name="proofs">What our area says was written there.</param>
/// <param name="until">The highest generation wanted; the log is read no further.</param>
internal sealed class HalfReader(
    JournalBytes bytes, JournalLayout layout, JournalHalf half, DumpLimits limits, ProofList proofs, long until = long.MaxValue)
{
    private readonly long _end = layout.EndOf(half);
    private DatabaseFrame _frame;
    private long _at;
    private long _generation;
    private int _skipped;
    private JournalDamage? _damage;
    private ProofCheck _check = ProofCheck.None;
    private bool _reachedPoint;

    private long ProvenEnd => _check.LastProven is { } proven ? layout.StartOf(half) + proven.End : 0;

    /// <summary>Reads the half. Never throws on what is in it.</summary>
    public HalfReading Read()
    {
        try
        {
            if (LargeDatabase.Read(bytes, layout, half, out var damage) is { } large)
                return ReadLarge(large);
            if (damage is not null)
                return Unusable(JournalDamageKind.DatabaseRecord, damage);
            if (DatabaseFrame.Read(bytes, layout, half, out var problem) is not { } frame)
                return Unusable(JournalDamageKind.DatabaseRecord, problem);
            _frame = frame;
            if (Contradicted() is { } contradicted)
                return contradicted;
            if (frame.IsOurs && TransactionFraming.MoreFollow(frame.Generation))
                return Unusable(JournalDamageKind.DatabaseRecord, $"the database has the odd generation {frame.Generation}");
            var database = DumpReader.Read(new ExtentStream(bytes, [new(frame.Start, frame.Length)]), limits);
            if (frame.IsOurs && database.Manifest.Generation != frame.Generation)
            {
                return Unusable(JournalDamageKind.DatabaseRecord,
                    $"the database says generation {database.Manifest.Generation}, its record {frame.Generation}");
            }

            return frame.Generation > until
                ? Unusable(JournalDamageKind.NothingThatOld, $"its database is of generation {frame.Generation}")
                : Replay(database.AtGeneration(frame.Generation), null);
        }
        catch (DumpFormatException e)
        {
            return Unusable(JournalDamageKind.DatabaseContent, $"the database has, at byte {e.Position}, {e.Found}");
        }
        catch (IOException e)
        {
            return Unusable(JournalDamageKind.Unreadable, $"the device failed to give the database: {e.Message}");
        }
    }

    /// <summary>
    /// Adds the log to a database that came from elsewhere: the one that the first proof record is about, which the half has lost.
    /// </summary>
    public HalfReading ReadOnto(DatabaseDump database, HistoryEntry from)
    {
        var first = proofs.Records[0];
        var start = layout.StartOf(half);
        _frame = new DatabaseFrame(Encoding.Latin1.GetBytes(first.Marker), start, 0, first.Generation, start + first.End);
        _check = ProofCheck.OfBatches(bytes, layout, half, proofs);
        return Replay(database, from);
    }

    private HalfReading ReadLarge(LargeDatabase large)
    {
        var start = layout.StartOf(half);
        _frame = new DatabaseFrame(Encoding.Latin1.GetBytes(large.Marker), start, 0, large.Generation, start + large.RecordBytes);
        if (Contradicted() is { } contradicted)
            return contradicted;
        if (TransactionFraming.MoreFollow(large.Generation))
            return Unusable(JournalDamageKind.DatabaseRecord, $"the database has the odd generation {large.Generation}");
        if (large.Generation > until)
            return Unusable(JournalDamageKind.NothingThatOld, $"its database is of generation {large.Generation}");
        var (database, problem) = large.Open(bytes, limits);
        if (database is null)
            return Unusable(JournalDamageKind.DatabaseContent, problem!);
        var reading = Replay(database, null);
        return reading with { Content = reading.Content! with { IsLarge = true } };
    }

    /// <summary>Compares the half with its proof; the answer when not even its database record is as it was written.</summary>
    private HalfReading? Contradicted()
    {
        _check = ProofCheck.Of(bytes, layout, half, proofs, _frame.MarkerText);
        return _check is { Failing: { } failing, LastProven: null }
            ? Unusable(
                JournalDamageKind.Checksum,
                $"the checksum of the database, written {failing.WrittenAt:u} at generation {failing.Generation}, does not hold")
            : null;
    }

    private HalfReading Replay(DatabaseDump database, HistoryEntry? from)
    {
        var replay = new DeltaReplay(database);
        (_at, _generation) = (_frame.End, _frame.Generation);
        var (transactions, deltas, unfinished, committedEnd) = (0, 0, 0, _at);
        while (NextRecord(replay))
        {
            unfinished++;
            if (_frame.IsOurs && TransactionFraming.MoreFollow(_generation))
                continue;
            replay.Commit(_generation);
            (transactions, deltas, unfinished, committedEnd) = (transactions + 1, deltas + unfinished, 0, _at);
        }

        var state = replay.Finish();
        if (_reachedPoint)
            unfinished = 0;
        var (lost, lastSeen) = _reachedPoint ? (0, null) : Behind();
        if (lost > 0)
            _damage ??= new JournalDamage(JournalDamageKind.RecordsAfterEnd, _at, $"the log ends here, but {lost} later records follow");
        var unacknowledged = Unacknowledged();
        if (unacknowledged is not null)
            (_damage, lost, lastSeen) = (null, 0, null);
        // A flush that is known of and gone may have left no record to be seen.
        if (_check.Failing is not null && !_reachedPoint)
            lastSeen = Math.Max(lastSeen ?? 0, proofs.Last!.Generation);
        return new HalfReading(
            new JournalContent
            {
                Database = state,
                Half = half,
                Marker = _frame.MarkerText,
                WrittenByRedoubt = _frame.IsOurs,
                DatabaseGeneration = _frame.Generation,
                Transactions = transactions,
                Deltas = deltas,
                DiscardedUnfinished = unfinished,
                SkippedOld = _skipped,
                EndOffset = committedEnd,
                Proof = Proof(committedEnd, unacknowledged),
                History = from,
            },
            _damage, lost, lastSeen)
        { Proofs = proofs };
    }

    /// <summary>
    /// What is wrong, if it is wrong only with bytes that were never acknowledged: behind the last flush that the area knows of, where
    /// the area shows that none came later. A record of the area goes out in the same flush as what it is about.
    /// </summary>
    private JournalDamage? Unacknowledged() =>
        _check is { IsFresh: true, Failing: null, LastProven: not null } && proofs.EndsCleanly
        && _damage is { Kind: not JournalDamageKind.Unreadable } damage && damage.Offset >= ProvenEnd ? damage : null;

    private JournalProof Proof(long end, JournalDamage? unacknowledged)
    {
        if (!_check.IsFresh)
            return new JournalProof(proofs.Records.IsEmpty ? ProofStanding.None : ProofStanding.Stale) { Problem = proofs.Problem };
        var start = layout.StartOf(half);
        // Where reading stopped early, a later record proves the state too, but what it was written by is an earlier one.
        var by = proofs.Records.LastOrDefault(r => start + r.End <= end && r.End <= _check.LastProven!.End);
        return new JournalProof(end <= ProvenEnd ? ProofStanding.Whole : ProofStanding.Partial)
        {
            Generation = by?.Generation,
            WrittenAt = by?.WrittenAt,
            Unacknowledged = unacknowledged,
            Problem = proofs.Problem,
        };
    }

    /// <summary>Goes over the next record that counts; false at the end of the log and at the first damage.</summary>
    private bool NextRecord(DeltaReplay replay)
    {
        Span<byte> trailer = stackalloc byte[JournalLayout.TrailerBytes];
        try
        {
            while (true)
            {
                if (_generation == until)
                {
                    _reachedPoint = true;
                    return false;
                }

                if (_check.Failing is { } failing && _at >= ProvenEnd)
                {
                    return Stop(JournalDamageKind.Checksum,
                        $"the checksum of what was written {failing.WrittenAt:u}, up to generation {failing.Generation}, does not hold; "
                        + "it was damaged, or its writer died before it was acknowledged");
                }

                if (NextFrame(trailer) is not { } length)
                    return false;
                if (JournalNumber.ParseGeneration(trailer[..JournalLayout.NumberBytes]) is not { } generation)
                    return Stop(JournalDamageKind.Generation, "the generation of a record is no number");
                if (!_frame.IsOurs && generation <= _generation)
                {
                    (_skipped, _at) = (_skipped + 1, _at + length + JournalLayout.DeltaFrameBytes);
                    continue;
                }

                if (_frame.IsOurs && !TransactionFraming.MayFollow(_generation, generation))
                    return Stop(JournalDamageKind.Generation, $"generation {generation} cannot follow {_generation}");
                if (generation > until)
                {
                    _reachedPoint = true;
                    return false;
                }

                if (Delta(length, out var problem) is not { } delta)
                    return Stop(JournalDamageKind.UndecodableDelta, $"the record of generation {generation} cannot be read: {problem}");
                if (replay.Apply(delta, generation) is { } obstacle)
                    return Stop(JournalDamageKind.InapplicableDelta, $"the record of generation {generation} does not fit: {obstacle}");
                (_generation, _at) = (generation, _at + length + JournalLayout.DeltaFrameBytes);
                return true;
            }
        }
        catch (IOException e)
        {
            return Stop(JournalDamageKind.Unreadable, $"the device failed to give a record: {e.Message}");
        }
    }

    /// <summary>
    /// The length of the delta that begins here, and its trailer; <see langword="null"/> at the end or at a broken frame.
    /// </summary>
    private int? NextFrame(Span<byte> trailer)
    {
        // A half that is full to its last bytes needs no end mark.
        if (_end - _at < JournalLayout.NumberBytes)
            return null;
        Span<byte> digits = stackalloc byte[JournalLayout.NumberBytes];
        if (bytes.ReadAt(_at, digits) < digits.Length)
            return Torn("the volume ends inside the log");
        if (!digits.ContainsAnyExcept((byte)0) || !digits.ContainsAnyExcept((byte)'0'))
            return null;
        if (JournalNumber.Parse(digits) is not { } length)
            return Torn("the length of a record is no number");
        if (length > _end - _at - JournalLayout.DeltaFrameBytes)
            return Torn($"a record claims {length} bytes, more than the half has left");
        // The marker is looked at before anything of the claimed length is allocated.
        if (bytes.ReadAt(_at + JournalLayout.NumberBytes + length, trailer) < trailer.Length)
            return Torn("the volume ends inside a record");
        return trailer[JournalLayout.NumberBytes..].SequenceEqual(_frame.Marker)
            ? (int)length
            : Torn("a record does not end with the marker of its database");
    }

    private Delta? Delta(int length, out string? problem)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var text = buffer.AsSpan(0, length);
            if (bytes.ReadAt(_at + JournalLayout.NumberBytes, text) == length)
                return DeltaCodec.Decode(text, out problem);
            problem = "the volume ends inside it";
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private int? Torn(string explanation)
    {
        Stop(JournalDamageKind.TornRecord, explanation);
        return null;
    }

    private bool Stop(JournalDamageKind kind, string explanation)
    {
        _damage = new JournalDamage(kind, _at, explanation);
        return false;
    }

    private HalfReading Unusable(JournalDamageKind kind, string explanation) =>
        new(null, new JournalDamage(kind, layout.StartOf(half), $"{half} half: {explanation}")) { Proofs = proofs };

    private (int Lost, long? LastSeen) Behind()
    {
        try
        {
            return LaterRecords.Count(bytes, _frame.Marker, _at, _end, _generation);
        }
        catch (IOException e)
        {
            // What cannot be read cannot be shown to be empty; a check that could not be made has failed.
            _damage ??= new JournalDamage(
                JournalDamageKind.Unreadable, _at, $"the device failed to show what follows the log: {e.Message}");
            return (0, null);
        }
    }
}
