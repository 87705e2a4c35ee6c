using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Redoubt.Pool;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Nbd;

/// <summary>
/// One client that reads a disk over NBD.
/// <code>
/// 1 it is greeted, and goes on over TLS
/// 2 it names a disk and a session, which has to be one that may      refused otherwise, with a sentence
/// 3 QEMU is connected to, which has that disk open                   with what the client said before
/// 4 what it says goes to QEMU and comes back, under QEMU's own name of the disk
/// 5 from the first read on, bytes are passed on both ways
/// </code>
/// </summary>
internal sealed class NbdConnection(
    Socket socket, NbdDoor door, X509Certificate2? certificate, Func<string, IPAddress, CancellationToken, Task<NbdReader>> openAsync,
    Action opened, TimeProvider time) : IAsyncDisposable
{
    // To say who it is and what it wants, in whatever many steps.
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _over = new();
    private Stream _client = new NetworkStream(socket, ownsSocket: true);
    private Stream? _qemu;
    private NbdReader? _reader;
    private string? _name;
    private bool _isSecure;
    private bool _isStructured;
    private uint _flags;
    private int _hasMoved;

    /// <summary>Where it comes from.</summary>
    public IPAddress Address { get; } = ((IPEndPoint)socket.RemoteEndPoint!).Address.Plain();

    /// <summary>Where it came in.</summary>
    public NbdDoor Door => door;

    /// <summary>In which session it reads; null: it has not shown one yet.</summary>
    public Ref<SessionRecord>? Session => _reader?.Session;

    /// <summary>Whether it has read anything since this was asked last.</summary>
    public bool HasMoved() => Interlocked.Exchange(ref _hasMoved, 0) != 0;

    /// <summary>Serves it, until it or QEMU goes, or it is ended.</summary>
    public async Task RunAsync()
    {
        using (var silence = new CancellationTokenSource(SilenceLimit, time))
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, _over.Token))
        {
            if (!await NegotiateAsync(limit.Token))
            {
                return;
            }
        }

        SilentEnd.Notice(socket);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_over.Token);
        Task[] both = [PassAsync(_client, _qemu!, ended.Token), PassAsync(_qemu!, _client, ended.Token)];

        // What one side has closed the other has nothing to say to any more.
        await Task.WhenAny(both);
        await ended.CancelAsync();
        await Task.WhenAll(both);
    }

    /// <summary>Has it read no longer.</summary>
    public void End()
    {
        try
        {
            _over.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just gone by itself.
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The disk first: who sees the connection closed may take it for free.
        if (_qemu is not null)
        {
            await _qemu.DisposeAsync();
        }

        if (_reader is not null)
        {
            await _reader.DisposeAsync();
        }

        socket.Close((int)CloseLimit.TotalSeconds);
        await _client.DisposeAsync();
        _over.Dispose();
    }

    /// <returns>Whether the client reads from now on.</returns>
    private async Task<bool> NegotiateAsync(CancellationToken limit)
    {
        await _client.WriteAsync(NbdWire.Greet(), limit);
        var flags = new byte[4];
        await _client.ReadExactlyAsync(flags, limit);
        _flags = BinaryPrimitives.ReadUInt32BigEndian(flags);
        if ((_flags & ~(uint)NbdWire.KnownFlags) != 0)
        {
            throw new InvalidDataException("unknown flags of NBD");
        }

        while (true)
        {
            var request = await NbdWire.ReadOptionAsync(_client, limit);
            switch (request.Option)
            {
                case NbdOption.Abort:
                    await AnswerAsync(NbdReply.Yes(request.Option), limit);
                    return false;
                case NbdOption.StartTls:
                    await SecureAsync(request, limit);
                    break;
                case var option when !_isSecure && door.NeedsTls:
                    if (option == NbdOption.ExportName)
                    {
                        return false; // It has no answer to this one but the end.
                    }

                    await AnswerAsync(
                        NbdReply.No(option, NbdReplyKind.TlsRequired, "This network's purpose is nbd: begin TLS first."), limit);
                    break;
                case NbdOption.StructuredReply when request.Data.Length == 0 && _qemu is null:
                    _isStructured = true;
                    await AnswerAsync(NbdReply.Yes(request.Option), limit);
                    break;
                case NbdOption.ExportName or NbdOption.Info or NbdOption.Go or NbdOption.ListMetaContext or NbdOption.SetMetaContext:
                    if (await AskAsync(request, limit))
                    {
                        return true;
                    }

                    break;
                case NbdOption.List:
                    await AnswerAsync(
                        NbdReply.No(request.Option, NbdReplyKind.Policy, "Disks are not listed here: ask for one by VDI.get_nbd_info."),
                        limit);
                    break;
                default:
                    await AnswerAsync(NbdReply.No(request.Option, NbdReplyKind.Unsupported, "This is not done here."), limit);
                    break;
            }
        }
    }

    private async Task SecureAsync(NbdRequest request, CancellationToken limit)
    {
        if (_isSecure || certificate is null || request.Data.Length > 0)
        {
            await AnswerAsync(
                certificate is null
                    ? NbdReply.No(request.Option, NbdReplyKind.Unsupported, "This server has no certificate.")
                    : NbdReply.No(request.Option, NbdReplyKind.Invalid, "TLS has begun already, or something else came with it."),
                limit);
            return;
        }

        await AnswerAsync(NbdReply.Yes(request.Option), limit);
        var secure = new SslStream(_client);
        _client = secure;
        await secure.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            },
            limit);

        // What was said in clear somebody else may have said.
        (_isSecure, _isStructured) = (true, false);
    }

    /// <summary>Steps 2 to 4.</summary>
    /// <returns>Whether the client reads from now on.</returns>
    private async Task<bool> AskAsync(NbdRequest request, CancellationToken limit)
    {
        if (await FindRefusalAsync(request, limit) is { } refusal)
        {
            if (request.Option == NbdOption.ExportName)
            {
                // There is no answer to this one but the end; the log says why.
                throw new XenApiException("OPERATION_NOT_ALLOWED", Encoding.UTF8.GetString(refusal.Data));
            }

            await AnswerAsync(refusal, limit);
            return false;
        }

        await _qemu!.WriteAsync(NbdWire.Write(request.About(ServedDisks.ExportName)), limit);
        if (request.Option == NbdOption.ExportName)
        {
            return true;
        }

        while (true)
        {
            var reply = await NbdWire.ReadReplyAsync(_qemu, limit);
            await AnswerAsync(reply, limit);
            if (reply.IsLast)
            {
                return request.Option == NbdOption.Go && !reply.IsRefusal;
            }
        }
    }

    private async Task<NbdReply?> FindRefusalAsync(NbdRequest request, CancellationToken limit)
    {
        if (request.DiskName is not { } name)
        {
            return NbdReply.No(request.Option, NbdReplyKind.Invalid, "The name of the disk is not as long as it is said to be.");
        }

        if (_name is not null)
        {
            return name == _name ? null : NbdReply.No(request.Option, NbdReplyKind.Policy, "A connection is for one disk.");
        }

        try
        {
            _reader = await openAsync(name, Address, limit);

            // A session that has ended meanwhile is seen at once.
            opened();
            _qemu = await ConnectAsync(_reader.Disk, limit);
            _name = name;
            return null;
        }
        catch (XenApiException refused)
        {
            var kind = refused.Code switch
            {
                "UUID_INVALID" or "HANDLE_INVALID" => NbdReplyKind.Unknown,
                "SESSION_INVALID" or "RBAC_PERMISSION_DENIED" => NbdReplyKind.Policy,
                _ => NbdReplyKind.Platform,
            };
            return NbdReply.No(request.Option, kind, ErrorSentences.Of(refused));
        }
    }

    private async Task<Stream> ConnectAsync(ServedDisk disk, CancellationToken limit)
    {
        var qemu = await disk.ConnectAsync(limit);
        try
        {
            var greeting = new byte[NbdWire.GreetingBytes];
            await qemu.ReadExactlyAsync(greeting, limit);
            if (!NbdWire.IsGreeting(greeting))
            {
                throw new InvalidDataException("QEMU does not speak NBD");
            }

            var flags = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(flags, _flags);
            await qemu.WriteAsync(flags, limit);
            if (_isStructured)
            {
                await qemu.WriteAsync(NbdWire.Write(new NbdRequest(NbdOption.StructuredReply, [])), limit);
                if ((await NbdWire.ReadReplyAsync(qemu, limit)).Kind != NbdReplyKind.Ack)
                {
                    throw new InvalidDataException("QEMU does not tell of holes");
                }
            }

            return qemu;
        }
        catch
        {
            await qemu.DisposeAsync();
            throw;
        }
    }

    private async Task AnswerAsync(NbdReply reply, CancellationToken limit) => await _client.WriteAsync(NbdWire.Write(reply), limit);

    private async Task PassAsync(Stream from, Stream to, CancellationToken over)
    {
        var buffer = new byte[256 << 10];
        try
        {
            while (await from.ReadAsync(buffer, over) is > 0 and var count)
            {
                Volatile.Write(ref _hasMoved, 1);
                await to.WriteAsync(buffer.AsMemory(0, count), over);
            }
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException)
        {
            // Either side may go without a word.
        }
    }
}
