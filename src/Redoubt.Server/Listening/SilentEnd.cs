using System.Net.Sockets;

namespace Redoubt.Server.Listening;

/// <summary>A line may be silent for hours. Whether there is still somebody at the other end is asked by TCP itself.</summary>
internal static class SilentEnd
{
    /// <summary>Has a connection end when its other end does not answer for two minutes.</summary>
    public static void Notice(Socket? socket)
    {
        if (socket is { ProtocolType: ProtocolType.Tcp })
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 60);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 4);
        }
    }
}
