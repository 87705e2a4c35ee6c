using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using Redoubt.Database.Journal;

namespace Redoubt.Agreement;

/// <summary>
/// A batch of changes as the log has it, little-endian:
/// <code>
/// 0     4  "RBAT"
/// 4     8  generation that the log had reached before it
/// 12    4  number of transactions, then for each:
///       8    generation before it
///       4    number of deltas, then for each:
///       4      bytes of it
///              the delta, as in the redo log (docs/formats/journal.md)
/// </code>
/// </summary>
/// <param name="After">The generation that the log had reached before it.</param>
/// <param name="Transactions">The transactions, in order; never empty.</param>
public sealed record LogBatch(long After, ImmutableArray<JournalTransaction> Transactions)
{
    private const int HeadBytes = 16;

    private static ReadOnlySpan<byte> Tag => "RBAT"u8;

    private static ReadOnlySpan<byte> PiecesTag => "RPCS"u8;

    /// <summary>The generation that it leads to.</summary>
    public long Generation => Transactions[^1].Generation;

    /// <summary>The bytes of a batch.</summary>
    /// <exception cref="ArgumentException">It holds what no dump can carry.</exception>
    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(1024);
        var head = output.GetSpan(HeadBytes);
        Tag.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head[4..], After);
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], Transactions.Length);
        output.Advance(HeadBytes);
        var one = new ArrayBufferWriter<byte>(256);
        foreach (var transaction in Transactions)
        {
            var before = output.GetSpan(12);
            BinaryPrimitives.WriteInt64LittleEndian(before, transaction.Before);
            BinaryPrimitives.WriteInt32LittleEndian(before[8..], transaction.Deltas.Length);
            output.Advance(12);
            foreach (var delta in transaction.Deltas)
            {
                one.ResetWrittenCount();
                DeltaCodec.Encode(delta, one);
                BinaryPrimitives.WriteInt32LittleEndian(output.GetSpan(4), one.WrittenCount);
                output.Advance(4);
                output.Write(one.WrittenSpan);
            }
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>What stands in the place of a batch that lies in so many pieces: <c>RPCS</c>, and four bytes their number.</summary>
    internal static byte[] InPieces(int pieces)
    {
        var record = new byte[8];
        PiecesTag.CopyTo(record);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(4), pieces);
        return record;
    }

    /// <summary>In how many pieces the batch lies that this stands for; 0 if it is the batch itself.</summary>
    internal static int PiecesIn(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 8 && bytes.StartsWith(PiecesTag) ? BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) : 0;

    /// <summary>The batch in these bytes.</summary>
    /// <exception cref="InvalidDataException">They are none.</exception>
    public static LogBatch Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadBytes || !bytes.StartsWith(Tag))
        {
            throw new InvalidDataException("it does not begin as a batch of the log");
        }

        var after = BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]);
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]);
        var rest = bytes[HeadBytes..];
        var transactions = ImmutableArray.CreateBuilder<JournalTransaction>();
        for (var i = 0; i < count; i++)
        {
            var before = BinaryPrimitives.ReadInt64LittleEndian(Take(ref rest, 8));
            var deltas = ImmutableArray.CreateBuilder<Delta>();
            for (var left = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, 4)); left > 0; left--)
            {
                var length = BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, 4));
                deltas.Add(DeltaCodec.Decode(Take(ref rest, length), out var problem)
                    ?? throw new InvalidDataException($"a change of the log can't be read: {problem}"));
            }

            transactions.Add(JournalTransaction.After(before, deltas.DrainToImmutable()));
        }

        return transactions.Count > 0 && rest.IsEmpty
            ? new(after, transactions.DrainToImmutable())
            : throw new InvalidDataException(rest.IsEmpty ? "it is a batch without changes" : $"{rest.Length} bytes follow its end");
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, int count)
    {
        if (count < 0 || rest.Length < count)
        {
            throw new InvalidDataException("it ends too early");
        }

        var taken = rest[..count];
        rest = rest[count..];
        return taken;
    }
}
