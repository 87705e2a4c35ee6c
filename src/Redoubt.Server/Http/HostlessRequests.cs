using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace Redoubt.Server.Http;

/// <summary>
/// Lets clients in that send HTTP/1.1 without a <c>Host</c> header, as all of xapi's own do. The HTTP server refuses such requests, and
/// there is no
/// switch for it. So a connection whose first request has none gets one put into each of its requests on the way; all others pass
/// untouched.
/// </summary>
internal static class HostlessRequests
{
    // More than the HTTP server takes; what is longer is for it to refuse.
    private const int LongestHead = 64 << 10;

    private static readonly TimeSpan HeadLimit = TimeSpan.FromSeconds(15);

    /// <summary>Serves a connection.</summary>
    public static async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next, TimeProvider time)
    {
        var input = connection.Transport.Input;
        using (var limit = new CancellationTokenSource(HeadLimit, time))
        {
            try
            {
                // A head of which only a part has come goes by the pipe: waiting for the rest here would hide the part from the HTTP
                // server.
                var read = await input.ReadAsync(limit.Token);
                var isFine = RequestHead.TryRead(read.Buffer) is { } head ? !head.NeedsHost : IsWhole(read.Buffer) || read.IsCompleted;
                input.AdvanceTo(read.Buffer.Start);
                if (!isFine)
                {
                    await ByPipeAsync(connection, next);
                    return;
                }
            }
            catch (OperationCanceledException)
            {
                // Not a word so far; how long that may go on is for the HTTP server to say.
            }
        }

        await next(connection);
    }

    private static bool IsWhole(ReadOnlySequence<byte> buffer) =>
        new SequenceReader<byte>(buffer).TryReadTo(out ReadOnlySequence<byte> _, RequestHead.End);

    private static async Task ByPipeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var whole = connection.Transport;
        var pipe = new Pipe();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        var copying = new Copy(whole.Input, pipe.Writer, Encoding.ASCII.GetBytes($"Host: {connection.LocalEndPoint}\r\n"))
            .RunAsync(over.Token);
        connection.Transport = new Duplex(pipe.Reader, whole.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = whole;
            await pipe.Reader.CompleteAsync();
            await over.CancelAsync();
            await copying;
        }
    }

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    /// <summary>Copies requests, each with its header put in. What it does not understand it copies as it is.</summary>
    private sealed class Copy(PipeReader from, PipeWriter to, byte[] host)
    {
        public async Task RunAsync(CancellationToken over)
        {
            Exception? failure = null;
            try
            {
                while (await HeadAsync(over) is { } head && await BodyAsync(head, over))
                {
                }

                await BytesAsync(long.MaxValue, over);
            }
            catch (OperationCanceledException)
            {
                // Nobody reads any more.
            }
            catch (Exception gone) when (gone is IOException or ConnectionAbortedException)
            {
                failure = gone;
            }

            await to.CompleteAsync(failure);
        }

        // Null: it is none, or there is no more.
        private async Task<RequestHead?> HeadAsync(CancellationToken over)
        {
            while (true)
            {
                var read = await from.ReadAsync(over);
                if (RequestHead.TryRead(read.Buffer) is { } head)
                {
                    var bytes = read.Buffer.Slice(0, head.Length).ToArray();
                    from.AdvanceTo(read.Buffer.GetPosition(head.Length));
                    if (head.NeedsHost)
                    {
                        to.Write(bytes.AsSpan(0, head.RequestLine));
                        to.Write(host);
                        bytes = bytes[head.RequestLine..];
                    }

                    await to.WriteAsync(bytes, over);
                    return head;
                }

                if (read.IsCompleted || read.Buffer.Length >= LongestHead || IsWhole(read.Buffer))
                {
                    from.AdvanceTo(read.Buffer.Start);
                    return null;
                }

                from.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }

        // False: what follows is no request.
        private async Task<bool> BodyAsync(RequestHead head, CancellationToken over)
        {
            if (head.IsUpgrade)
            {
                return false;
            }

            if (!head.IsChunked)
            {
                return await BytesAsync(head.BodyBytes, over) == head.BodyBytes;
            }

            while (true)
            {
                if (await LineAsync(over) is not { } line || !long.TryParse(line.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var size) || size < 0)
                {
                    return false;
                }

                if (size > 0)
                {
                    await BytesAsync(size + 2, over);
                    continue;
                }

                // Trailers, and the empty line after them.
                for (var trailer = await LineAsync(over); trailer is { Length: > 0 }; trailer = await LineAsync(over))
                {
                }

                return true;
            }
        }

        private async Task<string?> LineAsync(CancellationToken over)
        {
            while (true)
            {
                var read = await from.ReadAsync(over);
                var reader = new SequenceReader<byte>(read.Buffer);
                if (reader.TryReadTo(out ReadOnlySequence<byte> line, (byte)'\n'))
                {
                    var text = Encoding.Latin1.GetString(line).TrimEnd('\r');
                    var bytes = read.Buffer.Slice(0, reader.Position).ToArray();
                    from.AdvanceTo(reader.Position);
                    await to.WriteAsync(bytes, over);
                    return text;
                }

                if (read.IsCompleted || read.Buffer.Length >= LongestHead)
                {
                    from.AdvanceTo(read.Buffer.Start);
                    return null;
                }

                from.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }

        private async Task<long> BytesAsync(long wanted, CancellationToken over)
        {
            var copied = 0L;
            while (copied < wanted)
            {
                var read = await from.ReadAsync(over);
                var part = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, wanted - copied));
                copied += part.Length;
                foreach (var segment in part)
                {
                    to.Write(segment.Span);
                }

                from.AdvanceTo(part.End);
                var flushed = await to.FlushAsync(over);
                if (flushed.IsCompleted || (read.IsCompleted && part.Length == read.Buffer.Length))
                {
                    break;
                }
            }

            return copied;
        }
    }
}
