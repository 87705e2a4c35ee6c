using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Redoubt.Server.ThinCli;

/// <summary>
/// Files of a thin client's machine. The client is told the file's name, which it checks against its own command line, and an address; it
/// opens the file itself, brings or fetches the content in a second connection, and says whether that worked. No name is opened here.
/// </summary>
internal sealed class ThinCliFiles(PipeReader input, Func<byte[], Task> send, ThinCliTransfers transfers, TimeProvider time)
{
    private const int ResponseBytesMax = 64;

    // While a file is on its way, a client says every five minutes that it is still there.
    private static readonly TimeSpan SilenceMax = TimeSpan.FromMinutes(15);

    private const int Response = 10;
    private const int Ok = 5;
    private const int Failed = 6;
    private const int Wait = 18;

    /// <summary>Has the client send a file.</summary>
    /// <returns>Whether it did; what <paramref name="read"/> throws comes through.</returns>
    public Task<bool> SendAsync(string file, Func<Stream, Task> read, CancellationToken cancellationToken) =>
        RunAsync(HttpMethods.Put, path => ThinCliMessage.Put(file, path), read, cancellationToken);

    /// <summary>Has the client make a file, which must not exist there.</summary>
    /// <returns>Whether it did; what <paramref name="write"/> throws comes through.</returns>
    public Task<bool> ReceiveAsync(string file, Func<Stream, Task> write, CancellationToken cancellationToken) =>
        RunAsync(HttpMethods.Get, path => ThinCliMessage.Get(file, path), write, cancellationToken);

    private async Task<bool> RunAsync(
        string method, Func<string, byte[]> message, Func<Stream, Task> use, CancellationToken cancellationToken)
    {
        Task<bool> answer;
        using (var transfer = transfers.Expect(method))
        {
            await send(message(transfer.Path));
            answer = AnswerAsync(cancellationToken);
            if (await Task.WhenAny(transfer.Arrived, answer) == answer)
            {
                await answer;
                return false; // It has not come for it, so whatever it says it has not got it.
            }

            try
            {
                await use(await transfer.Arrived);
                transfer.Finish();
            }
            catch
            {
                transfer.Dispose();
                await QuietlyAsync(answer); // It notices that the connection broke, and is listened to before it is told why.
                throw;
            }
        }

        return await answer;
    }

    private static async Task QuietlyAsync(Task<bool> answer)
    {
        try
        {
            await answer;
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // What went wrong before that is what counts.
        }
    }

    private async Task<bool> AnswerAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(await TakeAsync(4, cancellationToken));
            if (length is < 8 or > ResponseBytesMax)
            {
                throw new IOException($"The thin client sent a message of {length} bytes, which is no answer.");
            }

            var message = await TakeAsync(length, cancellationToken);
            switch ((BinaryPrimitives.ReadInt32LittleEndian(message), BinaryPrimitives.ReadInt32LittleEndian(message.AsSpan(4))))
            {
                case (Response, Ok):
                    return true;
                case (Response, Failed):
                    return false;
                case (Response, Wait):
                    break;
                default:
                    throw new IOException("The thin client sent what is no answer.");
            }
        }
    }

    private async Task<byte[]> TakeAsync(int bytes, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SilenceMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var read = await input.ReadAtLeastAsync(bytes, either.Token);
        if (read.Buffer.Length < bytes)
        {
            throw new IOException("The thin client has gone.");
        }

        var taken = read.Buffer.Slice(0, bytes).ToArray();
        input.AdvanceTo(read.Buffer.GetPosition(bytes));
        return taken;
    }
}
