using System.Buffers;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal;

/// <summary>Reads one half: the database record, then deltas as far as they can be trusted, then what lies behind.</summary>
/// <remarks>
/// Every step can only make the answer smaller: a record counts when its frame, its marker, its generation and its content agree and
/// the database takes it. Further proof (checksums kept elsewhere) belongs beside these checks, in <see cref="NextRecord"/>.
/// </remarks>
internal sealed class HalfReader(JournalBytes bytes, JournalLayout layout, JournalHalf half, DumpLimits limits)
{
    private readonly long _end = layout.EndOf(half);
    private DatabaseFrame _frame;
    private long _at;
    private long _generation;
    private int _skipped;
    private JournalDamage? _damage;

    /// <summary>Reads the half. Never throws on what is in it.</summary>
    public HalfReading Read()
    {
        try
        {
            if (DatabaseFrame.Read(bytes, layout, half, out var problem) is not { } frame)
                return Unusable(JournalDamageKind.DatabaseRecord, problem);
            _frame = frame;
            if (frame.IsOurs && TransactionFraming.MoreFollow(frame.Generation))
                return Unusable(JournalDamageKind.DatabaseRecord, $"the database has the odd generation {frame.Generation}");
            var database = DumpReader.Read(new BoundedStream(bytes, frame.Start, frame.Length), limits);
            if (frame.IsOurs && database.Manifest.Generation != frame.Generation)
            {
                return Unusable(JournalDamageKind.DatabaseRecord,
                    $"the database says generation {database.Manifest.Generation}, its record {frame.Generation}");
            }

            return Replay(database.AtGeneration(frame.Generation));
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

    private HalfReading Replay(DatabaseDump database)
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
        var (lost, lastSeen) = Behind();
        if (lost > 0)
            _damage ??= new JournalDamage(JournalDamageKind.RecordsAfterEnd, _at, $"the log ends here, but {lost} later records follow");
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
            },
            _damage, lost, lastSeen);
    }

    /// <summary>Goes over the next record that counts; false at the end of the log and at the first damage.</summary>
    private bool NextRecord(DeltaReplay replay)
    {
        Span<byte> trailer = stackalloc byte[JournalLayout.TrailerBytes];
        try
        {
            while (NextFrame(trailer) is { } length)
            {
                if (JournalNumber.ParseGeneration(trailer[..JournalLayout.NumberBytes]) is not { } generation)
                    return Stop(JournalDamageKind.Generation, "the generation of a record is no number");
                if (!_frame.IsOurs && generation <= _generation)
                {
                    (_skipped, _at) = (_skipped + 1, _at + length + JournalLayout.DeltaFrameBytes);
                    continue;
                }

                if (_frame.IsOurs && !TransactionFraming.MayFollow(_generation, generation))
                    return Stop(JournalDamageKind.Generation, $"generation {generation} cannot follow {_generation}");
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

        return false;
    }

    /// <summary>The length of the delta that begins here, and its trailer; <see langword="null"/> at the end or at a broken frame.</summary>
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
        new(null, new JournalDamage(kind, layout.StartOf(half), $"{half} half: {explanation}"));

    private (int Lost, long? LastSeen) Behind()
    {
        try
        {
            return LaterRecords.Count(bytes, _frame.Marker, _at, _end, _generation);
        }
        catch (IOException e)
        {
            // What cannot be read cannot be shown to be empty; a check that could not be made has failed.
            _damage ??= new JournalDamage(JournalDamageKind.Unreadable, _at, $"the device failed to show what follows the log: {e.Message}");
            return (0, null);
        }
    }
}
