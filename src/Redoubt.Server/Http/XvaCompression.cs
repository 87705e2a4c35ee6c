using System.IO.Compression;
using System.IO.Pipelines;
using Redoubt.XenApi;

namespace Redoubt.Server.Http;

/// <summary>How an archive of VMs is packed on its way: not at all, with gzip, or with zstd.</summary>
internal static class XvaCompression
{
    private const int MagicBytes = 4;

    private static ReadOnlySpan<byte> GzipMagic => [0x1f, 0x8b];

    private static ReadOnlySpan<byte> ZstdMagic => [0x28, 0xb5, 0x2f, 0xfd];

    /// <summary>What <c>use_compression</c> asks for: as in xapi, <c>true</c> is gzip.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>.</exception>
    public static CompressionKind Asked(string? text) => text switch
    {
        null or "" or "false" => CompressionKind.None,
        "true" or "gzip" => CompressionKind.Gzip,
        "zstd" => CompressionKind.Zstd,
        var other => throw new XenApiException("INVALID_VALUE", "use_compression", other),
    };

    /// <summary>Writes an archive, packed.</summary>
    public static async Task WriteAsync(CompressionKind kind, Stream target, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        switch (kind)
        {
            case CompressionKind.None:
                await write(target);
                break;
            case CompressionKind.Gzip:
                await using (var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true))
                {
                    await write(gzip);
                }

                break;
            case CompressionKind.Zstd:
                await ZstdProgram.RunAsync(
                    ["--quiet", "--stdout", "-3"], (plain, _) => write(plain),
                    packed => packed.CopyToAsync(target, cancellationToken), cancellationToken);
                break;
            default:
                throw new InvalidOperationException($"unknown kind {kind}");
        }
    }

    /// <summary>Reads an archive, packed as its first bytes say.</summary>
    public static async Task<T> ReadAsync<T>(Stream source, Func<Stream, Task<T>> read, CancellationToken cancellationToken)
    {
        var pipe = PipeReader.Create(source, new StreamPipeReaderOptions(bufferSize: 64 << 10, leaveOpen: true));
        var kind = await KindAsync(pipe, cancellationToken);
        var stream = pipe.AsStream(leaveOpen: true);
        try
        {
            switch (kind)
            {
                case CompressionKind.None:
                    return await read(stream);
                case CompressionKind.Gzip:
                    await using (var gzip = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true))
                    {
                        return await read(gzip);
                    }

                case CompressionKind.Zstd:
                    T? result = default;
                    await ZstdProgram.RunAsync(
                        ["--quiet", "--stdout", "--decompress"], (packed, ended) => stream.CopyToAsync(packed, ended),
                        async plain => result = await read(plain), cancellationToken);
                    return result!;
                default:
                    throw new InvalidOperationException($"unknown kind {kind}");
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    private static async Task<CompressionKind> KindAsync(PipeReader pipe, CancellationToken cancellationToken)
    {
        var seen = await pipe.ReadAtLeastAsync(MagicBytes, cancellationToken);
        var first = new byte[MagicBytes];
        var length = (int)Math.Min(MagicBytes, seen.Buffer.Length);
        var at = 0;
        foreach (var part in seen.Buffer.Slice(0, length))
        {
            part.Span.CopyTo(first.AsSpan(at));
            at += part.Length;
        }

        pipe.AdvanceTo(seen.Buffer.Start);
        return first.AsSpan(0, length).StartsWith(GzipMagic) ? CompressionKind.Gzip
            : first.AsSpan(0, length).StartsWith(ZstdMagic) ? CompressionKind.Zstd : CompressionKind.None;
    }
}
