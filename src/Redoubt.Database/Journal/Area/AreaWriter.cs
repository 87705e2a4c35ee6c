using System.Security.Cryptography;
using Redoubt.Database.Dump;

namespace Redoubt.Database.Journal.Area;

/// <summary>
/// Keeps our area in step with the log. It orders no flush of its own for that: everything here is made durable by the flush that the
/// log needs anyway.
/// </summary>
/// <remarks>
/// The numbers are those of <see cref="JournalWriter"/>'s steps. A full write zeroes the half's proof records in step 1, when the half is
/// given up anyway, and writes the first record in step 2, so it is durable before the half counts; the other half keeps its proof all
/// the while. A batch and its record are in one flush: a crash can keep either without the other, and a reader can tell.
/// </remarks>
internal sealed class AreaWriter : IDisposable
{
    private static readonly byte[] Zeros = new byte[64 * 1024];
    private readonly JournalDevice _device;
    private readonly int _zerosAheadBytes;
    private readonly byte[] _block = new byte[ProofRecord.Bytes];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private AreaHeader? _header;
    private int _headerCopy;
    private bool _headerInDoubt;
    private JournalHalf _half;
    private string _marker = "";
    private long _life;
    private int _next;
    private int _zeroedTo;
    private readonly VolumeSigner? _signer;
    private readonly (long Sequence, int Copy)[] _signatures = new (long, int)[2];
    private ProofRecord? _last;

    private AreaWriter(JournalDevice device, AreaMap map, int zerosAheadBytes, VolumeSigner? signer) =>
        (_device, Map, _zerosAheadBytes, _signer) = (device, map, zerosAheadBytes, signer);

    /// <summary>Where everything lies.</summary>
    public AreaMap Map { get; }

    /// <summary>Whether the half takes another record. If not, the database must be written anew.</summary>
    public bool HasRoom => _next < Map.ProofCapacity;

    /// <summary>
    /// Whether zeros must be written before the next record. As many places as a reader looks at behind the last record are always
    /// zero, whatever the volume held before: only so does it see that no record is missing.
    /// </summary>
    public bool NeedsZeros => _zeroedTo <= _next + ProofList.Gap && _zeroedTo < Map.ProofCapacity;

    /// <summary>What a reader must find: the header and the last proof record, as they were written.</summary>
    public IEnumerable<WrittenPiece> Written()
    {
        if (_header is not null)
            yield return new WrittenPiece(AreaMap.HeaderAt(Map.Start, _headerCopy), _header.Encode(), "the header of Redoubt's area");
        if (_next > 0)
            yield return new WrittenPiece(
                Map.ProofsAt(_half) + ((long)(_next - 1) * ProofRecord.Bytes), _block, "the proof of the last change");
    }

    /// <summary>Takes over the area of a volume; <see langword="null"/> when the volume is too short for one. Writes nothing.</summary>
    /// <exception cref="IOException">The device does not give what the area says of itself.</exception>
    public static AreaWriter? Open(JournalDevice device, JournalLayout layout, VolumeSigner? signer)
    {
        if (AreaMap.Of(layout, device.Length) is not { } map)
            return null;
        var bytes = device.Bytes;
        var (header, copy, _) = AreaHeader.Read(bytes, layout.AreaStart);
        // A volume that got shorter gets a new area: what the old header speaks of is partly gone.
        if (header is not null && header.Map.Start + header.Map.Bytes > device.Length)
            header = null;
        var writer = new AreaWriter(
            device, header?.Map ?? map, layout.Area!.ZerosAheadBytes, signer)
        { _header = header, _headerCopy = copy };
        writer._life = Math.Max(
            ProofList.Read(bytes, writer.Map, JournalHalf.First).Life, ProofList.Read(bytes, writer.Map, JournalHalf.Second).Life);
        foreach (var half in (JournalHalf[])[JournalHalf.First, JournalHalf.Second])
        {
            var (section, newer) = AreaSection.Read(bytes, layout.AreaStart, VolumeSignature.NumberOf(half));
            writer._signatures[(int)half - 1] = (section?.Sequence ?? 0, newer);
        }

        return writer;
    }

    /// <summary>Step 1: zeros over the half's records, and the header where it is not right.</summary>
    public void Begin(JournalHalf half, string marker, DatabaseDump dump, long nowMs)
    {
        (_half, _marker, _next, _zeroedTo) = (half, marker, 0, 0);
        _life++;
        ZeroAhead();
        _hash.GetHashAndReset();
        var pool = PoolIdentity.Of(dump);
        if (_header?.Pool == pool && !_headerInDoubt)
            return;
        var isNew = _header is null;
        _header = new AreaHeader((_header?.Sequence ?? 0) + 1, Map, pool, nowMs);
        _headerCopy ^= 1;
        _headerInDoubt = true;
        _device.WriteAt(AreaMap.HeaderAt(Map.Start, _headerCopy), _header.Encode());
        // The first header gets its second copy at once: nothing depends on either yet.
        if (isNew)
            _device.WriteAt(AreaMap.HeaderAt(Map.Start, _headerCopy ^ 1), _header.Encode());
    }

    /// <summary>Told when the full write is durable, and the header with it.</summary>
    public void Settled() => _headerInDoubt = false;

    /// <summary>Takes note of bytes of the database record, in the order in which they lie there.</summary>
    public void Cover(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Writes the record for the database that was covered.</summary>
    public void RecordDatabase(long generation, long end, long nowMs)
    {
        var checksum = AreaSeal.Of(_hash);
        Record(generation, end, nowMs, checksum, checksum);
        Sign();
    }

    /// <summary>
    /// Signs what the last record covers: with each whole write, and with each state of the history, so never more than a few minutes of
    /// changes are without. Signing each flush would cost more than the flush of a fast disk. Orders no flush: a signature that is not
    /// durable yet leaves the one before.
    /// </summary>
    public void Sign()
    {
        if (_signer is null || _header is null || _last is null)
            return;
        var signature = new VolumeSignature(
            _signer.Vdi, _signer.Sr, _header.Pool.Uuid, _last.Life, _last.Generation, _last.Checksum, _last.Marker,
            [.. _signer.Key.PublicKey.Span]);
        var (sequence, copy) = _signatures[(int)_half - 1];
        var next = (Sequence: sequence + 1, Copy: copy ^ 1);
        var number = VolumeSignature.NumberOf(_half);
        _device.WriteAt(
            AreaSection.At(Map.Start, next.Copy, number), new AreaSection(number, next.Sequence, signature.Sign(_signer.Key)).Encode());
        _signatures[(int)_half - 1] = next;
    }

    /// <summary>Writes the record for a batch.</summary>
    public void RecordBatch(ReadOnlySpan<byte> batch, long generation, long end, long nowMs)
    {
        _hash.AppendData(batch);
        Record(generation, end, nowMs, AreaSeal.Of(_hash), AreaSeal.Of(batch));
    }

    /// <summary>Zeros where the next records will be, so that the space is there and a flush need not find it.</summary>
    public void ZeroAhead()
    {
        var to = Math.Min(_next + 1 + ProofList.Gap + (_zerosAheadBytes / ProofRecord.Bytes), Map.ProofCapacity);
        while (_zeroedTo < to)
        {
            var count = Math.Min(Zeros.Length / ProofRecord.Bytes, to - _zeroedTo);
            _device.WriteAt(Map.ProofsAt(_half) + ((long)_zeroedTo * ProofRecord.Bytes), Zeros.AsSpan(0, count * ProofRecord.Bytes));
            _zeroedTo += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void Record(long generation, long end, long nowMs, UInt128 checksum, UInt128 ownChecksum)
    {
        _last = new ProofRecord(_next, _life, generation, nowMs, end, _marker, checksum, ownChecksum);
        _last.Encode(_block);
        _device.WriteAt(Map.ProofsAt(_half) + ((long)_next * ProofRecord.Bytes), _block);
        _next++;
    }
}
