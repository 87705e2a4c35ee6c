using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// A thin client that brings a file. It sends the head of a PUT, wants to be answered before it sends the content, and closes the
/// connection behind the last byte; the HTTP server takes that close for a request that broke off, however much of it has come, so it is
/// not asked.
/// </summary>
internal sealed class ThinCliUpload(ThinCliTransfers transfers, TimeProvider time)
{
    private const int MaxHeadBytes = 16 << 10;

    /// <summary>What such a request begins with.</summary>
    public static byte[] Begins { get; } = Encoding.ASCII.GetBytes($"PUT {ThinCliTransfers.Path}");

    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(15);

    /// <summary>Serves it for as long as its command reads.</summary>
    public async Task ServeAsync(IDuplexPipe connection, CancellationToken limit)
    {
        var head = await HeadAsync(connection.Input, limit);
        var lines = head?.Split("\r\n") ?? [];
        var path = lines.FirstOrDefault()?.Split(' ') is [_, var named, ..] ? named : null;
        if (transfers.Take("PUT", path) is not { } transfer)
        {
            await connection.Output.WriteAsync(
                "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"u8.ToArray(), limit);
            return;
        }

        const string LengthHeader = "content-length:";
        var length = lines.FirstOrDefault(l => l.StartsWith(LengthHeader, StringComparison.OrdinalIgnoreCase)) is { } line
            && long.TryParse(line[LengthHeader.Length..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var told)
                ? told
                : (long?)null;
        var pipe = new Pipe();
        await using var content = pipe.Reader.AsStream();

        // The command is told first: a client that has been answered may have sent a small file, and said so, before anything more happens
        // here.
        var serving = transfer.ServeAsync(content);
        try
        {
            await connection.Output.WriteAsync("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"u8.ToArray(), limit);
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException)
        {
            await pipe.Writer.CompleteAsync(broken);
            await serving;
            return;
        }

        using var stop = new CancellationTokenSource();
        var pumping = PumpAsync(connection.Input, pipe.Writer, length, stop.Token);
        await serving;
        await stop.CancelAsync();
        await pumping;
    }

    private static async Task<string?> HeadAsync(PipeReader input, CancellationToken limit)
    {
        while (true)
        {
            var read = await input.ReadAsync(limit);
            var start = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, MaxHeadBytes)).ToArray();
            var end = start.AsSpan().IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                input.AdvanceTo(read.Buffer.GetPosition(end + 4));
                return Encoding.ASCII.GetString(start, 0, end);
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || start.Length == MaxHeadBytes)
            {
                return null;
            }
        }
    }

    /// <summary>
    /// Passes on what comes, up to the length that was told, or to the end where none was. What is wrong with it, its reader is told.
    /// </summary>
    private async Task PumpAsync(PipeReader input, PipeWriter output, long? length, CancellationToken stop)
    {
        var rest = length ?? long.MaxValue;
        try
        {
            while (rest > 0)
            {
                using var limit = new CancellationTokenSource(SilenceMax, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
                var read = await input.ReadAsync(either.Token);
                var taken = read.Buffer.Slice(0, Math.Min(rest, read.Buffer.Length));
                rest -= taken.Length;
                foreach (var segment in taken)
                {
                    output.Write(segment.Span);
                }

                input.AdvanceTo(taken.End);
                if ((await output.FlushAsync(stop)).IsCompleted)
                {
                    return;
                }

                if (read.IsCompleted && rest > 0)
                {
                    await output.CompleteAsync(
                        length is null ? null : new IOException($"The client's file broke off, {rest} bytes before its end."));
                    return;
                }
            }

            await output.CompleteAsync();
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException)
        {
            await output.CompleteAsync(broken);
        }
    }
}
