using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Redoubt.XenApi;

namespace Redoubt.Server.Notifying;

/// <summary>
/// Sends notices as lines of syslog (RFC 5424): over UDP, or to the socket of this machine's. Nobody answers, so sent is all that is known.
/// </summary>
internal sealed class SyslogTarget(string to) : INotifyTarget
{
    private const int Port = 514;
    private const int Daemon = 3;
    private const int LongestField = 32;

    /// <inheritdoc/>
    public string Name => $"syslog {to}";

    /// <inheritdoc/>
    public async Task SendAsync(Notification notice, CancellationToken cancellationToken)
    {
        var line = Encoding.UTF8.GetBytes(Line(notice, Environment.MachineName));
        try
        {
            if (to.StartsWith('/'))
            {
                using var local = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
                await local.ConnectAsync(new UnixDomainSocketEndPoint(to), cancellationToken);
                await local.SendAsync(line, cancellationToken);
                return;
            }

            var (host, port) = NotifyConfig.ParseHost(to, Port) ?? throw new NotifyException($"'{to}' is no HOST or HOST:PORT.");
            using var udp = new UdpClient(host, port);
            await udp.SendAsync(line, cancellationToken);
        }
        catch (SocketException failed)
        {
            throw new NotifyException($"{to} can't be sent to: {failed.Message.TrimEnd('.')}.", failed);
        }
    }

    /// <summary>The line. Pure.</summary>
    internal static string Line(Notification notice, string host)
    {
        var severity = notice.Priority switch { <= 1 => 2, 2 => 3, 3 => 4, 4 => 5, _ => 6 };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"<{(Daemon * 8) + severity}>1 {notice.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} {host} redoubt - {Field(notice.Name)} - ")
            + $"{BriefText.OneLine(notice.Text)} ({notice.Class} {notice.Uuid})";
    }

    // Whoever makes a message names it as he likes; a field takes up to 32 visible characters of ASCII.
    private static string Field(string name) =>
        name.Length == 0 ? "-" : string.Concat(name.Take(LongestField).Select(c => c is > ' ' and <= '~' ? c : '_'));
}
