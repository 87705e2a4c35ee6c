using System.Buffers.Binary;
using System.Collections;
using Redoubt.XenApi;

namespace Redoubt.Storage.Images;

/// <summary>
/// A qcow2 image, made while it is read, of a disk of which is known beforehand where it can have data: so a copy of any size takes no room
/// of its own.
/// </summary>
/// <remarks>
/// In clusters of 64 KiB, in this order: header, table of refcounts, refcounts, L1 table, L2 tables, data. Each cluster is used once, so
/// all is known from how many there are.
/// </remarks>
/// <param name="virtualSizeBytes">The size of the disk.</param>
/// <param name="hasData">For each 64 KiB of the disk, whether they are to be read; the others are zeros.</param>
/// <param name="read">Reads from the disk, at an offset.</param>
/// <param name="disk">What is let go with the stream.</param>
internal sealed class Qcow2Stream(long virtualSizeBytes, BitArray hasData, Action<long, Memory<byte>> read, IDisposable disk)
    : ForwardStream
{
    /// <summary>How much of the disk is one cluster.</summary>
    public const int ClusterBytes = 1 << ClusterBits;

    private const int ClusterBits = 16;
    private const int EntriesPerTable = ClusterBytes / sizeof(ulong);
    private const int RefcountsPerCluster = ClusterBytes / sizeof(ushort);
    private const int HeaderLength = 104;
    private const ulong UsedOnce = 1UL << 63;

    // As many as are read at once.
    private const int ClustersAtOnce = 16;

    private readonly byte[] _buffer = new byte[ClustersAtOnce * ClusterBytes];
    private readonly Qcow2Layout _layout = Qcow2Layout.Of(hasData);
    private long _next;
    private int _from;
    private int _to;
    private int _nextData;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_from == _to)
            Make();
        var count = Math.Min(buffer.Length, _to - _from);
        _buffer.AsSpan(_from, count).CopyTo(buffer);
        _from += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            disk.Dispose();
        base.Dispose(disposing);
    }

    private void Make()
    {
        (_from, _to) = (0, 0);
        if (_next == _layout.Clusters)
            return;
        if (_next >= _layout.Data)
        {
            MakeData();
            return;
        }

        var cluster = _buffer.AsSpan(0, ClusterBytes);
        cluster.Clear();
        if (_next == 0)
            MakeHeader(cluster);
        else if (_next < _layout.Refcounts)
            MakeTable(cluster, _layout.RefcountTable, _layout.L1 - _layout.Refcounts, i => Offset(_layout.Refcounts + i));
        else if (_next < _layout.L1)
            MakeRefcounts(cluster);
        else if (_next < _layout.L2)
            MakeTable(cluster, _layout.L1, _layout.L2Of.Length, L1Entry);
        else
            MakeL2(cluster);
        (_next, _to) = (_next + 1, ClusterBytes);
    }

    private void MakeHeader(Span<byte> cluster)
    {
        Put32(cluster, 0, 0x514649fb);
        Put32(cluster, 4, 3);
        Put32(cluster, 20, ClusterBits);
        Put64(cluster, 24, (ulong)virtualSizeBytes);
        Put32(cluster, 36, (uint)_layout.L2Of.Length);
        Put64(cluster, 40, Offset(_layout.L1));
        Put64(cluster, 48, Offset(_layout.RefcountTable));
        Put32(cluster, 56, (uint)(_layout.Refcounts - _layout.RefcountTable));
        Put32(cluster, 96, 4);
        Put32(cluster, 100, HeaderLength);
    }

    private ulong L1Entry(long index) => _layout.L2Of[(int)index] is >= 0 and var table ? Offset(_layout.L2 + table) | UsedOnce : 0;

    private void MakeTable(Span<byte> cluster, long first, long entries, Func<long, ulong> entry)
    {
        var start = (_next - first) * EntriesPerTable;
        for (var i = 0; i < EntriesPerTable && start + i < entries; i++)
            Put64(cluster, i * sizeof(ulong), entry(start + i));
    }

    private void MakeRefcounts(Span<byte> cluster)
    {
        var start = (_next - _layout.Refcounts) * RefcountsPerCluster;
        for (var i = 0; i < RefcountsPerCluster && start + i < _layout.Clusters; i++)
            BinaryPrimitives.WriteUInt16BigEndian(cluster[(i * sizeof(ushort))..], 1);
    }

    private void MakeL2(Span<byte> cluster)
    {
        var table = (int)(_next - _layout.L2);
        var start = _layout.TableOf[table] * (long)EntriesPerTable;
        for (var (i, data) = (0, _layout.DataBefore[table]); i < EntriesPerTable && start + i < hasData.Length; i++)
        {
            if (hasData[(int)(start + i)])
                Put64(cluster, i * sizeof(ulong), Offset(_layout.Data + data++) | UsedOnce);
        }
    }

    private void MakeData()
    {
        while (!hasData[_nextData])
            _nextData++;
        var count = 1;
        while (count < ClustersAtOnce && _nextData + count < hasData.Length && hasData[_nextData + count])
            count++;

        // The last cluster of a disk may be longer than what is left of it.
        var bytes = count * ClusterBytes;
        var known = (int)Math.Min(bytes, virtualSizeBytes - ((long)_nextData * ClusterBytes));
        read((long)_nextData * ClusterBytes, _buffer.AsMemory(0, known));
        _buffer.AsSpan(known, bytes - known).Clear();
        (_next, _nextData, _to) = (_next + count, _nextData + count, bytes);
    }

    private static ulong Offset(long cluster) => (ulong)cluster << ClusterBits;

    private static void Put32(Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], value);

    private static void Put64(Span<byte> bytes, int at, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(bytes[at..], value);
}
