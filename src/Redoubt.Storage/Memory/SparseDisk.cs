using System.Collections.Immutable;

namespace Redoubt.Storage.MemoryDriver;

/// <summary>
/// The content of a disk in memory: a value that is replaced whole, so a copy costs nothing and a reader is never disturbed.
/// </summary>
internal sealed record SparseDisk
{
    /// <summary>The unit that is kept or left out.</summary>
    public const int BlockBytes = 64 << 10;

    /// <summary>The size, in bytes.</summary>
    public required long VirtualSizeBytes { get; init; }

    /// <summary>The blocks that hold anything but zeros, by their number. The last one may be shorter.</summary>
    public ImmutableDictionary<long, byte[]> Blocks { get; init; } = ImmutableDictionary<long, byte[]>.Empty;

    /// <summary>The memory taken, in bytes.</summary>
    public long AllocatedBytes => Blocks.Values.Sum(block => (long)block.Length);

    /// <summary>What the first bytes make of it.</summary>
    public VdiType Type => Blocks.TryGetValue(0, out var first) ? RedoLogMagic.TypeOf(first) : VdiType.User;

    /// <summary>Reads content from a stream.</summary>
    /// <returns><c>null</c> when there is more than the size allows.</returns>
    public static async Task<SparseDisk?> ReadAsync(Stream content, long virtualSizeBytes, CancellationToken cancellationToken)
    {
        var blocks = ImmutableDictionary.CreateBuilder<long, byte[]>();
        for (var at = 0L; ; at += BlockBytes)
        {
            var block = new byte[BlockBytes];
            var read = await content.ReadAtLeastAsync(block, BlockBytes, throwOnEndOfStream: false, cancellationToken);
            if (read > virtualSizeBytes - at)
                return null;
            if (block.AsSpan(0, read).ContainsAnyExcept((byte)0))
                blocks[at / BlockBytes] = block[..read];
            if (read < BlockBytes)
                return new SparseDisk { VirtualSizeBytes = virtualSizeBytes, Blocks = blocks.ToImmutable() };
        }
    }

    /// <summary>Copies content out; beyond the end there is none.</summary>
    /// <returns>How many bytes were copied.</returns>
    public int Read(long at, Span<byte> buffer)
    {
        var within = (int)(at % BlockBytes);
        var count = (int)Math.Min(Math.Min(buffer.Length, BlockBytes - within), Math.Max(0, VirtualSizeBytes - at));
        buffer[..count].Clear();
        if (Blocks.TryGetValue(at / BlockBytes, out var block) && within < block.Length)
            block.AsSpan(within, Math.Min(count, block.Length - within)).CopyTo(buffer);
        return count;
    }
}
