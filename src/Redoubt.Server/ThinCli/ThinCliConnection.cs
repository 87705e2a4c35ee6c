using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.Server.Sessions;
using Redoubt.XenApi;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// The thin client's protocol: XenServer's <c>xe</c> sends its command line to <c>/cli</c>, and prints what the server tells it to. Only
/// the request is HTTP, the answer is not, so a connection that begins with it never gets to the HTTP server.
/// </summary>
internal sealed class ThinCliConnection(
    PoolServices pool, Logins logins, CallFailures failures, Func<CommandLineCall, CancellationToken, Task<int>> run,
    Func<CommandLineCall> server, ThinCliTransfers transfers)
{
    private static readonly TimeSpan SendingLimit = TimeSpan.FromSeconds(15);

    /// <summary>Serves a thin client, or hands the connection on.</summary>
    public async Task HandleAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using var limit = new CancellationTokenSource(SendingLimit, pool.Time);
        var (isThinCli, isFile) = (false, false);
        try
        {
            isThinCli = await FirstBytes.AreAsync(connection.Transport.Input, ThinCliRequest.Begins, limit.Token);
            isFile = !isThinCli && await FirstBytes.AreAsync(connection.Transport.Input, ThinCliUpload.Begins, limit.Token);
        }
        catch (OperationCanceledException)
        {
            // Not a word so far; how long that may go on is for the HTTP server to say.
        }

        if (!isThinCli && !isFile)
        {
            await next(connection);
            return;
        }

        try
        {
            await (isFile ? new ThinCliUpload(transfers, pool.Time)
                .ServeAsync(connection.Transport, limit.Token) : ServeAsync(connection, limit.Token));
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // Too slow, or not there any more.
            connection.Abort();
        }
    }

    private async Task ServeAsync(ConnectionContext connection, CancellationToken limit)
    {
        var output = connection.Transport.Output;
        if (await ThinCliRequest.ReadAsync(connection.Transport.Input, limit) is not { } request)
        {
            await output.WriteAsync("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"u8.ToArray(), limit);
            return;
        }

        await output.WriteAsync(ThinCliMessage.Hello(), limit);
        await SkipAsync(connection.Transport.Input, ThinCliMessage.HelloBytes, limit);
        var remote = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var prove = () => Connections.Prove(connection.Items);
        var files = new ThinCliFiles(connection.Transport.Input, SendAsync, transfers, pool.Time);
        foreach (var message in await AnswerAsync(request, files, remote, prove, connection.ConnectionClosed))
        {
            await SendAsync(message);
        }

        async Task SendAsync(byte[] message)
        {
            using var sending = new CancellationTokenSource(SendingLimit, pool.Time);
            await output.WriteAsync(message, sending.Token);
        }
    }

    private async Task<IReadOnlyList<byte[]>> AnswerAsync(
        ThinCliRequest request, ThinCliFiles files, IPAddress remote, Action prove, CancellationToken gone)
    {
        try
        {
            var session = await logins.LoginAsync(request.User, request.Password, "cli", remote, gone);
            prove();
            try
            {
                using var printed = new StringWriter();
                using var said = new StringWriter();
                var call = server() with
                {
                    Words = request.Words,
                    Session = session.Ref.Opaque,
                    SendFileAsync = files.SendAsync,
                    ReceiveFileAsync = files.ReceiveAsync,
                    Output = printed,
                    Error = said,
                };
                var code = await run(call, gone);
                var text = printed.ToString();
                return [.. text.Length > 0 ? [ThinCliMessage.Print(text.EndsWith('\n') ? text[..^1] : text)] : Array.Empty<byte[]>(), ThinCliMessage.Complain(said.ToString()), ThinCliMessage.Exit(code)];
            }
            finally
            {
                await pool.Sessions.CloseAsync(session.Ref, CancellationToken.None);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException || !gone.IsCancellationRequested)
        {
            var failure = failures.Translate(error, "/cli");

            // As xapi does: the client prints a code only of what nobody has words for, and of a wrong password xe says no more than that.
            IEnumerable<string> xe = failure.Code == "SESSION_AUTHENTICATION_FAILED"
                ? ["Authentication failed"]
                : XeErrors.Lines(failure.Code, failure.Parameters);
            List<string> words =
                [.. xe, .. ErrorSentences.Find(failure.Code, failure.Parameters) is { } sentence ? [sentence] : Array.Empty<string>()];
            return
            [
                words.Count > 0
                    ? ThinCliMessage.Complain(string.Join('\n', words) + "\n")
                    : ThinCliMessage.Error(failure.Code, failure.Parameters),
                ThinCliMessage.Exit(1),
            ];
        }
    }

    // What the client greets with says nothing that matters; left unread, it would break off the connection when that is closed.
    private static async Task SkipAsync(PipeReader input, long bytes, CancellationToken limit)
    {
        while (bytes > 0)
        {
            var read = await input.ReadAsync(limit);
            var taken = Math.Min(bytes, read.Buffer.Length);
            input.AdvanceTo(read.Buffer.GetPosition(taken));
            bytes -= taken;
            if (read.IsCompleted && taken == 0)
            {
                throw new IOException("The thin client has gone.");
            }
        }
    }
}
