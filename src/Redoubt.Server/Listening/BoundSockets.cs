using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Redoubt.Server.Listening;

/// <summary>
/// The sockets on which a daemon listens, taken before anything else is done: a port that somebody else has must be found out before a pool
/// is made. Whoever connects from then on waits until the daemon answers. The web server gets them when it starts.
/// </summary>
internal sealed class BoundSockets : IDisposable
{
    // As many as Kestrel lets wait.
    private const int Backlog = 512;

    // Several may be wanted at the same address, each with a port of its own.
    private readonly Dictionary<EndPoint, Socket> _bound = new(ReferenceEqualityComparer.Instance);

    private BoundSockets()
    {
    }

    /// <summary>Takes them all.</summary>
    /// <exception cref="ServeException">One can't be had; none has been taken.</exception>
    public static BoundSockets Open(IEnumerable<ListenUrl> urls)
    {
        var sockets = new BoundSockets();
        try
        {
            foreach (var url in urls)
            {
                sockets.Bind(url);
            }

            return sockets;
        }
        catch
        {
            sockets.Dispose();
            throw;
        }
    }

    /// <summary>The port that a URL has become.</summary>
    public int PortOf(ListenUrl url) => ((IPEndPoint)_bound[url.EndPoint].LocalEndPoint!).Port;

    /// <summary>Hands one over to whoever closes it from now on.</summary>
    public Socket Take(EndPoint wanted)
    {
        var taken = _bound[wanted];
        _bound.Remove(wanted);
        return taken;
    }

    /// <summary>Closes those that nobody has taken.</summary>
    public void Dispose()
    {
        foreach (var socket in _bound.Values)
        {
            socket.Dispose();
        }

        _bound.Clear();
    }

    private void Bind(ListenUrl url)
    {
        try
        {
            var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(url.EndPoint);
            _bound.Add(url.EndPoint, socket);

            // Two that are bound and don't listen may have one port.
            socket.Listen(Backlog);
        }
        catch (SocketException refused)
        {
            throw new ServeException($"{url.Show(url.EndPoint.Port)} can't be listened on: {Reason(refused)}", refused);
        }
    }

    private static string Reason(SocketException refused) => refused.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "another process has that port (address already in use). Stop it, or give another --listen.",
        SocketError.AddressNotAvailable => "this machine does not have that address. Write one of its own, or 0.0.0.0 for all.",
        SocketError.AccessDenied => "only root, or who has CAP_NET_BIND_SERVICE, may have a port below 1024.",
        _ => $"{refused.Message}.",
    };
}
