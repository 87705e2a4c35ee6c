using System.Buffers;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Redoubt.Console;
using Redoubt.Pool;
using Redoubt.Server.Http;

namespace Redoubt.Server.Viewing;

/// <summary>
/// A WebSocket whose messages are what the console speaks: how browsers open one, and Xen Orchestra before it tries CONNECT.
/// </summary>
internal static class ConsoleWebSocket
{
    private const string Binary = "binary";
    private const int ReadBytes = 16 << 10;

    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(30);

    /// <summary>Whether a request is for a console. The pages of the web console lie below the same path, and not at it.</summary>
    public static bool IsOurs(HttpRequest request) =>
        request.Path == ConsoleEndpoint.Path && HttpMethods.IsGet(request.Method)
            && (request.Query.ContainsKey("uuid") || request.Query.ContainsKey("ref"));

    /// <summary>What answers such requests.</summary>
    public static RequestDelegate Build(IServiceProvider services, ConsoleEndpoint endpoint)
    {
        var app = new ApplicationBuilder(services);
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = AskEvery, KeepAliveTimeout = AskEvery });
        app.Run(http => HandleAsync(http, endpoint));
        return app.Build();
    }

    private static Task HandleAsync(HttpContext http, ConsoleEndpoint endpoint)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            return HttpPages.RefusedAsync(
                http, StatusCodes.Status400BadRequest, "Bad Request", "A console is opened by CONNECT, or as a WebSocket.");
        }

        if (IsFromElsewhere(http.Request))
        {
            return HttpPages.ForbiddenAsync(http);
        }

        var offered = http.WebSockets.WebSocketRequestedProtocols;
        return offered.Count > 0 && !offered.Contains(Binary)
            ? HttpPages.RefusedAsync(
                http, StatusCodes.Status400BadRequest, "Bad Request", $"Of WebSocket's subprotocols only {Binary} is spoken.")
            : endpoint.RunAsync(http, "connect_console_ws", async (line, viewer) =>
            {
                using var socket = await http.WebSockets.AcceptWebSocketAsync(offered.Count > 0 ? Binary : null);
                try
                {
                    await viewer.LookAsync(
                        over => FromGuestAsync(socket, line, over), over => ToGuestAsync(socket, line, viewer, over), http.RequestAborted);
                }
                catch (Exception ended) when (ended is OperationCanceledException or IOException or WebSocketException)
                {
                    // The client has gone without a word, or may not look any longer.
                }
            });
    }

    // A browser sends along what it knows of us, whoever's page opens the WebSocket; a session in the address that page has been given.
    private static bool IsFromElsewhere(HttpRequest request) =>
        !request.Query.ContainsKey("session_id") && ConsoleHost.IsFromAnotherOrigin(request);

    private static async Task FromGuestAsync(WebSocket socket, ConsoleLine line, CancellationToken over)
    {
        while (true)
        {
            var read = await line.Output.ReadAsync(over);
            foreach (var bytes in read.Buffer)
            {
                await socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, over);
            }

            line.Output.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "The guest has gone.", over);
                return;
            }
        }
    }

    private static async Task ToGuestAsync(WebSocket socket, ConsoleLine line, ConsoleViewer viewer, CancellationToken over)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), over) is { MessageType: not WebSocketMessageType.Close } received)
            {
                await line.SendAsync(buffer.AsMemory(0, received.Count), over);
                viewer.Type();
            }

            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, over);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
