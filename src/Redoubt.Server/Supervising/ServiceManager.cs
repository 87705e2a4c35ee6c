using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Redoubt.Pool;

namespace Redoubt.Server.Supervising;

/// <summary>
/// Tells systemd how the daemon stands: that a start which takes its time goes on, that requests are answered, that the process is alive
/// (the watchdog), and that it stops. Without systemd it tells nobody. The words are those of <c>sd_notify(3)</c>.
/// </summary>
internal sealed class ServiceManager : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly Socket? _socket;
    private readonly Worker? _worker;
    private volatile bool _isReady;

    private ServiceManager(string? address, TimeSpan? watchdog, TimeProvider time, ILogger log)
    {
        if (address is null)
        {
            return;
        }

        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _socket.Connect(new UnixDomainSocketEndPoint(address.StartsWith('@') ? $"\0{address[1..]}" : address));

        // Of a third of the limit, two may be late. That a round comes says that the process gets its time; a disk that hangs is told by
        // /health and by messages, and nothing would be won by killing the daemon over it.
        var period = watchdog is { } limit && limit / 3 < Period ? limit / 3 : Period;
        _worker = new("The sign of life to systemd", period, time, log, isFirstAtOnce: true, _ =>
        {
            Tell(_isReady ? "WATCHDOG=1" : $"EXTEND_TIMEOUT_USEC={(long)(6 * Period).TotalMicroseconds}");
            return Task.CompletedTask;
        });
    }

    /// <summary>Takes up what systemd has said in the environment, and leaves nothing of it to programs that this process runs.</summary>
    public static ServiceManager Open(TimeProvider time, ILogger log)
    {
        var address = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        var watchdog = Environment.GetEnvironmentVariable("WATCHDOG_USEC");
        foreach (var name in new[] { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID" })
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        return Open(address, watchdog, time, log);
    }

    /// <summary>Begins.</summary>
    /// <param name="address">Where systemd listens; null: nowhere.</param>
    /// <param name="watchdog">How many microseconds may pass between two signs of life; null: any.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Told of what goes wrong.</param>
    internal static ServiceManager Open(string? address, string? watchdog, TimeProvider time, ILogger log) => new(
        address,
        long.TryParse(watchdog, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? TimeSpan.FromMicroseconds(limit) : null,
        time,
        log);

    /// <summary>Requests are answered.</summary>
    /// <param name="status">What <c>systemctl status</c> shows.</param>
    public void Ready(string status)
    {
        _isReady = true;
        Tell($"READY=1\nSTATUS={status}");
        _worker?.Wake();
    }

    /// <summary>The daemon stops.</summary>
    public void Stopping() => Tell("STOPPING=1");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.DisposeAsync();
        }

        _socket?.Dispose();
    }

    private void Tell(string words) => _socket?.Send(Encoding.UTF8.GetBytes(words));
}
