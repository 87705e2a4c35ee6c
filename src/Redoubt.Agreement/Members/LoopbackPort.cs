using System.Net;
using System.Net.Sockets;

namespace Redoubt.Agreement;

/// <summary>Ports of this host that nobody listens on.</summary>
public static class LoopbackPort
{
    /// <summary>One that is free now.</summary>
    public static int TakeFree()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
