using System.Security.Cryptography;
using Redoubt.Storage.Images;
using Redoubt.XenApi;

namespace Redoubt.Pool;

/// <summary>
/// What a disk's blocks are known by, one after the other: the SHA-256 of each, or zeros for one of zeros, made while they are read. The
/// last block of a disk counts as if zeros followed it.
/// </summary>
/// <param name="disk">The bytes of the disk; closed with this.</param>
internal sealed class BlockDigests(Stream disk) : ForwardStream
{
    /// <summary>How much of a disk is one block, in bytes; xapi's number.</summary>
    public const int BlockBytes = 64 << 10;

    /// <summary>How long a digest is.</summary>
    public const int DigestBytes = SHA256.HashSizeInBytes;

    private const int BlocksAtOnce = 16;

    private readonly byte[] _blocks = new byte[BlocksAtOnce * BlockBytes];
    private readonly byte[] _digests = new byte[BlocksAtOnce * DigestBytes];
    private int _from;
    private int _to;
    private long _zeroBlocks;

    /// <summary>How many blocks a disk has.</summary>
    public static long CountOf(long virtualSizeBytes) => (virtualSizeBytes + BlockBytes - 1) / BlockBytes;

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        if (_from == _to && !PassOverZeros())
        {
            Digest(disk.ReadAtLeast(_blocks, _blocks.Length, throwOnEndOfStream: false));
        }

        return Take(buffer);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_from == _to && !PassOverZeros())
        {
            Digest(await disk.ReadAtLeastAsync(_blocks, _blocks.Length, throwOnEndOfStream: false, cancellationToken));
        }

        return Take(buffer.Span);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            disk.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, _to - _from);
        _digests.AsSpan(_from, count).CopyTo(buffer);
        _from += count;
        return count;
    }

    // What is empty of a large disk is most of it.
    private bool PassOverZeros()
    {
        _zeroBlocks = _zeroBlocks > 0 ? _zeroBlocks : Holes.Skip(disk, BlockBytes) / BlockBytes;
        var count = (int)Math.Min(_zeroBlocks, BlocksAtOnce);
        _digests.AsSpan(0, count * DigestBytes).Clear();
        _zeroBlocks -= count;
        (_from, _to) = (0, count * DigestBytes);
        return count > 0;
    }

    private void Digest(int read)
    {
        var count = (int)CountOf(read);
        _blocks.AsSpan(read, (count * BlockBytes) - read).Clear();
        for (var i = 0; i < count; i++)
        {
            var block = _blocks.AsSpan(i * BlockBytes, BlockBytes);
            var digest = _digests.AsSpan(i * DigestBytes, DigestBytes);
            if (block.ContainsAnyExcept((byte)0))
            {
                SHA256.HashData(block, digest);
            }
            else
            {
                digest.Clear();
            }
        }

        (_from, _to) = (0, count * DigestBytes);
    }
}
