using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Redoubt.Storage.Images;

/// <summary>Writes a stream of disk content into a file and leaves out the zeros, so that holes stay holes.</summary>
public static class SparseCopy
{
    /// <summary>The unit in which zeros are found. Small enough for holes to survive, large enough for few writes.</summary>
    public const int BlockBytes = 64 << 10;

    private const int BufferBytes = 1 << 20;

    /// <summary>Makes a raw image of exactly the given size from a stream that may be shorter.</summary>
    /// <returns>Whether the content fitted; if not, the file is of no use.</returns>
    public static async Task<bool> TryWriteRawAsync(Stream content, string path, long virtualSizeBytes, CancellationToken cancellationToken)
    {
        await using var file = NewFile(path);
        file.SetLength(virtualSizeBytes);
        return await TryWriteAsync(content, file.SafeFileHandle, virtualSizeBytes, cancellationToken);
    }

    /// <summary>Writes a stream that may be shorter into what reads as zeros, and is open for writing.</summary>
    /// <returns>Whether the content fitted.</returns>
    public static async Task<bool> TryWriteAsync(
        Stream content, SafeFileHandle target, long virtualSizeBytes, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            for (var at = 0L; ;)
            {
                var read = await content.ReadAtLeastAsync(
                    buffer.AsMemory(0, BufferBytes), BufferBytes, throwOnEndOfStream: false, cancellationToken);
                if (read > virtualSizeBytes - at)
                    return false;
                await WriteBlocksAsync(target, at, buffer.AsMemory(0, read), cancellationToken);
                at += read;
                if (read < BufferBytes)
                    return true;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Opens a new file for writing; fails if there is one.</summary>
    public static FileStream NewFile(string path)
        =>
            new(
                path,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.ReadWrite,
                    BufferSize = 0,
                    Options = FileOptions.Asynchronous,
                });

    private static async Task WriteBlocksAsync(
        SafeFileHandle target, long at, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        for (var start = 0; start < content.Length; start += BlockBytes)
        {
            var block = content.Slice(start, Math.Min(BlockBytes, content.Length - start));
            if (block.Span.ContainsAnyExcept((byte)0))
                await RandomAccess.WriteAsync(target, block, at + start, cancellationToken);
        }
    }
}
