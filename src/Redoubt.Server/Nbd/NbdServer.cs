using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using Redoubt.Database;
using Redoubt.Pool;
using Redoubt.Server.Audit;
using Redoubt.Server.Listening;
using Redoubt.XenApi;

namespace Redoubt.Server.Nbd;

/// <summary>
/// Serves disks over NBD, at the addresses of the networks that have the purpose and while one has: who connects names a disk and a
/// session, <c>/UUID?session_id=…</c>, as xapi's clients do. Whoever logs out, or loses the role for it, reads no longer.
/// </summary>
internal sealed class NbdServer : IAsyncDisposable
{
    /// <summary>How many may read at once: a connection takes half a megabyte, and more of QEMU.</summary>
    public const int MostReaders = 128;

    /// <summary>How many may be about to say who they are; one more, and the oldest of whoever has most is closed.</summary>
    public const int MostStrangers = 64;

    private const int Backlog = 64;

    // Who may ask where disks are read may read them.
    private const string Message = "get_nbd_info";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly PoolServices _pool;
    private readonly AuditTrail _audit;
    private readonly CallFailures _failures;
    private readonly Func<ServerCertificates?> _certificates;
    private readonly ILogger<NbdServer> _log;
    private readonly Worker _worker;
    private readonly IDisposable _subscription;
    private readonly SemaphoreSlim _listening = new(1);
    private readonly Lock _gate = new();
    private ImmutableList<(NbdConnection Connection, Task Served)> _open = [];
    private int _port;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private string _complainedOf = "";
    private bool _isOver;

    /// <summary>Makes one, which listens when a network has the purpose.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="port">Where to listen; 0 takes a free port.</param>
    /// <param name="certificates">What the server shows; null where it has none.</param>
    /// <param name="audit">Notes who has read what.</param>
    /// <param name="failures">Translates what goes wrong.</param>
    /// <param name="log">Told of what can't be done.</param>
    public NbdServer(
        PoolServices pool, int port, Func<ServerCertificates?> certificates, AuditTrail audit, CallFailures failures,
        ILogger<NbdServer> log)
    {
        (_pool, _port, _certificates, _audit, _failures, _log) = (pool, port, certificates, audit, failures, log);
        _worker = new("The look at who reads disks", Interval, pool.Time, log, isFirstAtOnce: true, RoundAsync);
        _subscription = pool.Database.Subscribe(Take);
    }

    /// <summary>How many connections there are.</summary>
    public int Count => _open.Count;

    /// <summary>Listens, if it does not yet.</summary>
    /// <returns>The port.</returns>
    /// <exception cref="XenApiException"><c>OPERATION_NOT_ALLOWED</c>: it can't.</exception>
    public async Task<int> ListenAsync(CancellationToken cancellationToken)
    {
        await _listening.WaitAsync(cancellationToken);
        try
        {
            if (_isOver)
            {
                throw new XenApiException("OPERATION_NOT_ALLOWED", "The daemon is being stopped.");
            }

            if (_listener is null)
            {
                _listener = Bind();
                _port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
                _accepting = AcceptAsync(_listener);
            }

            return _port;
        }
        catch (SocketException refused)
        {
            throw new XenApiException(
                refused, "OPERATION_NOT_ALLOWED",
                $"The port {_port} of this host, at which disks are read over NBD, can't be listened on: {refused.Message}. Stop whoever "
                    + "has it, or start the daemon with another --nbd-port.");
        }
        finally
        {
            _listening.Release();
        }
    }

    /// <summary>Ends all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        _subscription.Dispose();
        await _worker.DisposeAsync();
        await CloseAsync();
        _listening.Dispose();
    }

    private static string? UuidOf(string name, out string session)
    {
        var parts = name.Split('?', 2);
        session = parts.Length < 2 ? "" : $"{QueryHelpers.ParseQuery(parts[1]).GetValueOrDefault("session_id")}";
        return parts[0] is ['/', ..] path ? Uri.UnescapeDataString(path[1..]) : null;
    }

    private Socket Bind()
    {
        var socket = new Socket(
            Socket.OSSupportsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (Socket.OSSupportsIPv6)
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, _port));
            socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception closed) when (closed is ObjectDisposedException
                or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return;
            }
            catch (SocketException passing)
            {
                // One that went before it was taken, or too many files open: the next one may do.
                _log.LogWarning("A connection could not be taken: {Message}", passing.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _pool.Time);
                continue;
            }

            Enter(client);
        }
    }

    private void Enter(Socket client)
    {
        NbdConnection? connection = null;
        try
        {
            var here = ((IPEndPoint)client.LocalEndPoint!).Address.Plain();
            if (NbdDoor.Of(_pool.State).FirstOrDefault(d => d.Address.Equals(here)) is { } door)
            {
                client.NoDelay = true;
                connection = new NbdConnection(client, door, _certificates()?.Own, OpenAsync, _worker.Wake, _pool.Time);
            }
        }
        catch (SocketException)
        {
            // It has gone already.
        }

        if (connection is null)
        {
            client.Dispose();
            return;
        }

        NbdConnection? surplus = null;
        lock (_gate)
        {
            var strangers = _open.Where(o => o.Connection.Session is null).Select(o => o.Connection).ToList();
            surplus = _isOver ? connection
                : strangers.Count < MostStrangers ? null
                : strangers.GroupBy(s => Connections.Whose(s.Address)).MaxBy(g => g.Count())!.First();
            _open = _open.Add((connection, Task.Run(() => ServeAsync(connection))));
        }

        surplus?.End();
    }

    private async Task ServeAsync(NbdConnection connection)
    {
        try
        {
            await connection.RunAsync();
        }
        catch (Exception gone) when (gone is IOException or InvalidDataException or AuthenticationException or OperationCanceledException
            or ObjectDisposedException)
        {
            // Anybody may come and say anything.
            _log.LogDebug("A connection over NBD from {Address} has ended: {Message}", connection.Address, gone.Message);
        }
        catch (XenApiException refused)
        {
            _log.LogInformation("A disk is not read over NBD from {Address}: {Message}", connection.Address, refused.Parameters[0]);
        }
        catch (Exception failed)
        {
            _log.LogError(failed, "A connection over NBD from {Address} has ended", connection.Address);
        }

        try
        {
            await connection.DisposeAsync();
        }
        catch (Exception failed) when (failed is IOException or XenApiException)
        {
            _log.LogError(failed, "What a connection over NBD from {Address} had open could not be let go", connection.Address);
        }

        lock (_gate)
        {
            _open = _open.RemoveAll(o => o.Connection == connection);
        }
    }

    private async Task<NbdReader> OpenAsync(string name, IPAddress remote, CancellationToken cancellationToken)
    {
        var uuid = UuidOf(name, out var spelled);
        var session = _pool.Sessions.Get(new(spelled), spelled);
        var vdi = _pool.State.FindByUuid<VdiRecord>(uuid ?? "");
        NbdReader? reader = null;
        try
        {
            await _audit.BeginTransfer(session, remote, "nbd", VdiRecord.Declaration, vdi.IsNull ? [] : [vdi.Opaque]).RunAsync(async () =>
            {
                RoleCheck.Require(session, VdiRecord.Declaration, VdiRecord.Declaration.Messages[Message], []);
                if (vdi.IsNull)
                {
                    throw new XenApiException("UUID_INVALID", "VDI", uuid ?? name.Split('?')[0]);
                }

                if (_open.Count(o => o.Connection.Session is not null) >= MostReaders)
                {
                    throw new XenApiException(
                        "OPERATION_NOT_ALLOWED", $"{MostReaders} clients read disks over NBD already. Let some of them end.");
                }

                reader = new(session.Ref, await _pool.Served.OpenAsync(vdi, cancellationToken));
                return null;
            });
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            throw _failures.Translate(failed, "nbd");
        }

        return reader!;
    }

    private void Take(DatabaseState state, IReadOnlyList<Change> changes)
    {
        if (changes.Any(c => (c.Before?.Record, c.After?.Record) is (NetworkRecord, _) or (_, NetworkRecord)
            || (!_open.IsEmpty && c.Before?.Record is SessionRecord or SubjectRecord)))
        {
            _worker.Wake();
        }
    }

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        if (!NbdDoor.IsWanted(_pool.State))
        {
            await CloseAsync();
            return;
        }

        try
        {
            await ListenAsync(cancellationToken);
            _complainedOf = "";
        }
        catch (XenApiException refused)
        {
            // Told once, and to everybody who asks where a disk can be read.
            if (_complainedOf != refused.Message)
            {
                _log.LogWarning("{Sentence}", ErrorSentences.Of(refused));
                _complainedOf = refused.Message;
            }
        }

        foreach (var (connection, _) in _open)
        {
            if (!connection.Door.IsOpen(_pool.State) || (connection.Session is { } session && !MayGoOn(session, connection)))
            {
                connection.End();
            }
        }
    }

    private bool MayGoOn(Ref<SessionRecord> session, NbdConnection connection) => _pool.Sessions.MayGoOn(
        session, s => VdiRecord.Declaration.Messages[Message].Roles.Allows(s.Role), connection.HasMoved);

    private async Task CloseAsync()
    {
        await _listening.WaitAsync(CancellationToken.None);
        try
        {
            _listener?.Dispose();
            _listener = null;
            await _accepting;
        }
        finally
        {
            _listening.Release();
        }

        var open = _open;
        foreach (var (connection, _) in open)
        {
            connection.End();
        }

        await Task.WhenAll(open.Select(o => o.Served));
    }
}
