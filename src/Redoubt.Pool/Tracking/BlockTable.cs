using System.Buffers.Binary;
using System.Security.Cryptography;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What is left of a snapshot whose data has been destroyed: the digests of its blocks, in the place of the data. The numbers are
/// big-endian.
/// <code>
///   0  16  "redoubt-blocks--"
///  16  16  the mark, chosen when the table was made: whoever wrote the disk before could not know it
///  32   8  how long the disk is, in bytes
///  40   4  how long a block is, in bytes: 65,536
///  44   4  zeros
///  48  32  a digest of each block: SHA-256, or zeros for a block of zeros
///      32  SHA-256 of all that
/// </code>
/// The rest of the disk is zeros. docs/formats/block-table.md has it for those who write another reader.
/// </summary>
internal static class BlockTable
{
    /// <summary>How long the mark is.</summary>
    public const int MarkBytes = 16;

    private const int HeaderBytes = 48;

    private static ReadOnlySpan<byte> Magic => "redoubt-blocks--"u8;

    /// <summary>A table, as it is written; the disk is read meanwhile.</summary>
    /// <param name="mark">The mark.</param>
    /// <param name="virtualSizeBytes">How long the disk is.</param>
    /// <param name="digests">Its digests; closed with what this gives.</param>
    public static Stream Write(byte[] mark, long virtualSizeBytes, Stream digests) =>
        new Summed(Header(mark, virtualSizeBytes), digests, BlockDigests.CountOf(virtualSizeBytes) * BlockDigests.DigestBytes, null);

    /// <summary>Reads the digests out of a disk that is a table.</summary>
    /// <param name="mark">The mark that it has to have.</param>
    /// <param name="virtualSizeBytes">How long the disk is.</param>
    /// <param name="disk">The bytes of the disk; closed with what this gives, and left to the caller if it is no table.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>The digests, which end with an <see cref="InvalidDataException"/> if any of them was damaged; null: it is no table, or
    /// another one.</returns>
    public static async Task<Stream?> TryReadAsync(byte[] mark, long virtualSizeBytes, Stream disk, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderBytes];
        var count = await disk.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, cancellationToken);
        return count == HeaderBytes && header.AsSpan().SequenceEqual(Header(mark, virtualSizeBytes))
            ? new Summed(header, disk, BlockDigests.CountOf(virtualSizeBytes) * BlockDigests.DigestBytes, disk)
            : null;
    }

    private static byte[] Header(byte[] mark, long virtualSizeBytes)
    {
        var header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        mark.CopyTo(header.AsSpan(Magic.Length));
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(32), virtualSizeBytes);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(40), BlockDigests.BlockBytes);
        return header;
    }

    /// <summary>Digests that are added up as they pass: the sum is written behind them, or compared with the one that is there.</summary>
    /// <param name="header">What comes before them, and is part of the sum.</param>
    /// <param name="digests">The digests.</param>
    /// <param name="digestBytes">How long they are all together.</param>
    /// <param name="table">Where the sum stands behind them; null: it is to be written, as is the header.</param>
    private sealed class Summed(byte[] header, Stream digests, long digestBytes, Stream? table) : ForwardStream
    {
        private readonly IncrementalHash _sum = Begin(header);
        private ReadOnlyMemory<byte> _beside = table is null ? header : default;
        private long _left = digestBytes;
        private bool _isSummed;

        public override int Read(Span<byte> buffer) => throw new NotSupportedException();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_beside.IsEmpty && _left > 0)
            {
                var count = await digests.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
                if (count == 0)
                {
                    throw new InvalidDataException("the disk is shorter than it is said to be");
                }

                _sum.AppendData(buffer.Span[..count]);
                _left -= count;
                return count;
            }

            if (_beside.IsEmpty && !_isSummed)
            {
                _isSummed = true;
                var sum = _sum.GetHashAndReset();
                if (table is null)
                {
                    _beside = sum;
                }
                else
                {
                    await RequireAsync(sum, table, cancellationToken);
                }
            }

            var part = _beside[..Math.Min(buffer.Length, _beside.Length)];
            part.CopyTo(buffer);
            _beside = _beside[part.Length..];
            return part.Length;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _sum.Dispose();
                digests.Dispose();
            }

            base.Dispose(disposing);
        }

        private static IncrementalHash Begin(byte[] header)
        {
            var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            sum.AppendData(header);
            return sum;
        }

        private static async Task RequireAsync(byte[] sum, Stream table, CancellationToken cancellationToken)
        {
            var there = new byte[sum.Length];
            var count = await table.ReadAtLeastAsync(there, there.Length, throwOnEndOfStream: false, cancellationToken);
            if (count < sum.Length || !there.AsSpan().SequenceEqual(sum))
            {
                throw new InvalidDataException("what was kept of its blocks is damaged");
            }
        }
    }
}
