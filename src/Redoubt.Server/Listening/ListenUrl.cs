using System.Net;

namespace Redoubt.Server.Listening;

/// <summary>Where to listen.</summary>
/// <param name="Host">The host as the operator wrote it.</param>
/// <param name="EndPoint">The address and port; port 0 for any free one.</param>
/// <param name="IsSecure">Whether over TLS.</param>
internal sealed record ListenUrl(string Host, IPEndPoint EndPoint, bool IsSecure)
{
    /// <summary>Reads a URL.</summary>
    /// <exception cref="ServeException">It is none, or would send passwords over a network in clear.</exception>
    public static ListenUrl Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/"
            || url.UserInfo.Length > 0)
        {
            throw new ServeException($"'{text}' is no URL to listen on. Write https://ADDRESS:PORT, or http://127.0.0.1:PORT.");
        }

        var secure = url.Scheme == "https";
        var address = Resolve(url, text);
        return secure || IPAddress.IsLoopback(address)
            ? new(url.Host, new(address, url.Port), secure)
            : throw new ServeException(
                $"Plain HTTP is for loopback only; '{text}' would send passwords over the network in clear. Use https.");
    }

    /// <summary>The URL, with the port that it became.</summary>
    public string Show(int port) => $"{(IsSecure ? "https" : "http")}://{Host}:{port}";

    private static IPAddress Resolve(Uri url, string text)
    {
        if (url.Host == "localhost")
        {
            return IPAddress.Loopback;
        }

        if (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address))
        {
            return address;
        }

        try
        {
            return Dns.GetHostAddresses(url.Host).FirstOrDefault() ?? throw new ServeException($"'{text}': the host has no address.");
        }
        catch (System.Net.Sockets.SocketException unknown)
        {
            throw new ServeException(
                $"'{text}': there is no host '{url.Host}'. Write the address to listen on, or 0.0.0.0 for all.", unknown);
        }
    }
}
