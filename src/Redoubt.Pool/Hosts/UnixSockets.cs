using System.Net.Sockets;

namespace Redoubt.Pool;

/// <summary>The sockets by which QEMU serves one of its guests, or a disk.</summary>
internal static class UnixSockets
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Connects to one.</summary>
    /// <exception cref="SocketException">Nobody serves it.</exception>
    public static async Task<Stream> ConnectAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException busy) when (busy.SocketErrorCode == SocketError.WouldBlock)
            {
                // QEMU takes one after the other, and lets one wait; Linux tells nobody when there is room for the next.
                socket.Dispose();
                await Task.Delay(BusyPause, time, cancellationToken);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
