using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Redoubt.Server.Http;
using Redoubt.Server.Listening;
using Redoubt.Pool;

namespace Redoubt.Server.Viewing;

/// <summary>
/// HTTP CONNECT, as xapi's clients open a console: <c>CONNECT /console?uuid=…</c>, and when that is answered, nothing but what the console
/// speaks, both ways. The HTTP server takes no path for CONNECT, so a connection that begins with this never gets to it.
/// </summary>
internal sealed class ConsoleConnection(ConsoleEndpoint endpoint, TimeProvider time)
{
    private const int LongestHead = 16 << 10;

    private static readonly byte[] Begins = Encoding.ASCII.GetBytes($"CONNECT {ConsoleEndpoint.Path}");

    // In xapi's words, which some clients compare.
    private static readonly byte[] Yes =
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nCache-Control: no-cache, no-store\r\n\r\n"u8.ToArray();

    private static readonly TimeSpan HeadLimit = TimeSpan.FromSeconds(15);

    /// <summary>Serves such a connection, or hands it on.</summary>
    public async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using var limit = new CancellationTokenSource(HeadLimit, time);
        var isConsole = false;
        try
        {
            isConsole = await FirstBytes.AreAsync(connection.Transport.Input, Begins, limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Not a word so far; how long that may go on is for the HTTP server to say.
        }

        if (!isConsole)
        {
            limit.Dispose(); // A timer less for as long as the connection lasts.
            await next(connection);
            return;
        }

        try
        {
            await ServeAsync(connection, limit.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            // Too slow, or not there any more.
            connection.Abort();
        }
    }

    private async Task ServeAsync(ConnectionContext connection, CancellationToken limit)
    {
        var http = new DefaultHttpContext { RequestAborted = connection.ConnectionClosed };
        using var refusal = new MemoryStream();
        http.Response.Body = refusal;
        http.Features.Set(connection.Features.Get<IConnectionItemsFeature>());
        http.Connection.RemoteIpAddress = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var (isOpen, isBroken) = (false, false);
        if (!await TryReadAsync(connection.Transport.Input, http.Request, limit))
        {
            await HttpPages.RefusedAsync(
                http, StatusCodes.Status400BadRequest, "Bad Request", "The head of the request is too long, or none.");
        }
        else if (http.Request.Path != ConsoleEndpoint.Path)
        {
            await HttpPages.ForbiddenAsync(http);
        }
        else
        {
            await endpoint.RunAsync(http, "connect_console", async (line, viewer) =>
            {
                isOpen = true;
                SilentEnd.Notice(connection.Features.Get<IConnectionSocketFeature>()?.Socket);
                try
                {
                    await connection.Transport.Output.WriteAsync(Yes, http.RequestAborted);
                    await viewer.LookAsync(
                        over => line.Output.CopyToAsync(connection.Transport.Output, over),
                        over => ToGuestAsync(connection.Transport.Input, line, viewer, over),
                        http.RequestAborted);
                }
                catch (Exception ended) when (ended is OperationCanceledException or IOException or ConnectionAbortedException)
                {
                    isBroken = true;
                }
            });
        }

        if (isBroken)
        {
            // The client has gone without a word, or may not look any longer: what waits to be sent is not waited for.
            connection.Abort();
        }
        else if (!isOpen)
        {
            using var sending = new CancellationTokenSource(HeadLimit, time);
            await connection.Transport.Output.WriteAsync(Answer(http.Response, refusal.ToArray()), sending.Token);
        }
    }

    private static async Task ToGuestAsync(PipeReader client, ConsoleLine line, ConsoleViewer viewer, CancellationToken over)
    {
        while (true)
        {
            var read = await client.ReadAsync(over);
            foreach (var bytes in read.Buffer)
            {
                await line.SendAsync(bytes, over);
            }

            client.AdvanceTo(read.Buffer.End);
            viewer.Type();
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private static async Task<bool> TryReadAsync(PipeReader input, HttpRequest request, CancellationToken limit)
    {
        while (true)
        {
            var read = await input.ReadAsync(limit);
            var reader = new SequenceReader<byte>(read.Buffer);
            if (reader.TryReadTo(out ReadOnlySequence<byte> head, RequestHead.End) && reader.Consumed <= LongestHead)
            {
                var lines = Encoding.Latin1.GetString(head).Split("\r\n");
                input.AdvanceTo(reader.Position);
                return TryParse(lines, request);
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || read.Buffer.Length >= LongestHead)
            {
                return false;
            }
        }
    }

    private static bool TryParse(string[] lines, HttpRequest request)
    {
        if (lines[0].Split(' ') is not [var method, var target, "HTTP/1.0" or "HTTP/1.1"])
        {
            return false;
        }

        var query = target.IndexOf('?', StringComparison.Ordinal);
        request.Method = method;
        request.Path = query < 0 ? target : target[..query];
        request.QueryString = new(query < 0 ? "" : target[query..]);
        foreach (var header in lines.Skip(1))
        {
            if (header.Split(':', 2) is not [var name, var value] || name.Length == 0)
            {
                return false;
            }

            request.Headers.Append(name, value.Trim());
        }

        return true;
    }

    private static byte[] Answer(HttpResponse response, byte[] body)
    {
        var reason = response.HttpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase
            ?? Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(response.StatusCode);
        response.ContentLength = body.Length;
        response.Headers.Connection = "close";
        var head = new StringBuilder($"HTTP/1.1 {response.StatusCode} {reason}\r\n");
        foreach (var (name, values) in response.Headers)
        {
            foreach (var value in values)
            {
                head.Append($"{name}: {value}\r\n");
            }
        }

        return [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. body];
    }
}
