using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Redoubt.XenApi;

/// <summary>
/// Where a pool's server is, as people write it: a host name or an address, perhaps with a port, or a URL. It is taken apart here and not
/// by <see cref="Uri"/> or <see cref="IPAddress"/>, which drop a port or complete half an address without a word, and so lead to another
/// pool.
/// </summary>
/// <param name="Url">The URL.</param>
/// <param name="HasPort">Whether the port was written, and not the scheme's own.</param>
public sealed record PoolAddress(Uri Url, bool HasPort)
{
    /// <summary>Reads an address.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="scheme">The scheme, where none was written.</param>
    /// <exception cref="FormatException">It is none; the message says what is wrong, as the end of a sentence.</exception>
    public static PoolAddress Read(string text, string scheme)
    {
        var start = text.IndexOf("://", StringComparison.Ordinal);
        if (start >= 0)
        {
            scheme = text[..start].ToLowerInvariant();
            text = text[(start + 3)..];
        }

        text = text.EndsWith('/') ? text[..^1] : text;
        if (scheme != Uri.UriSchemeHttp && scheme != Uri.UriSchemeHttps)
        {
            throw new FormatException($"'{scheme}' is neither http nor https");
        }

        var (host, port) = Split(text);
        var name = IPAddress.TryParse(host, out var address) ? Numbers(host, address) : Name(host);
        var number = port is null ? scheme == Uri.UriSchemeHttps ? 443 : 80 : Port(port);
        return new(new UriBuilder(scheme, name, number).Uri, port is not null);
    }

    // An address of version 6 without brackets has no port: whether its last group is one could only be guessed.
    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            var rest = close < 0 ? "" : text[(close + 1)..];
            return close > 0 && rest is "" or [':', ..] && text[1..close].Contains(':', StringComparison.Ordinal)
                ? (text[1..close], rest.Length == 0 ? null : rest[1..])
                : throw new FormatException($"'{text}' is no IPv6 address in brackets, with or without a port after them");
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || text.LastIndexOf(':') != colon ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static int Port(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new FormatException($"'{text}' is no port number");

    // 127.1, 1 and 010.0.0.1 are addresses to some programs, and not the same ones to all.
    private static string Numbers(string host, IPAddress address) => address.AddressFamily switch
    {
        AddressFamily.InterNetworkV6 => $"[{address}]",
        _ when address.ToString() == host => host,
        _ => throw new FormatException($"'{host}' is no whole IPv4 address"),
    };

    // What ends in a number is an address that was mistyped: no domain is called so.
    private static string Name(string host) =>
        Uri.CheckHostName(host) == UriHostNameType.Dns && !host.Contains('%', StringComparison.Ordinal)
            && !host.TrimEnd('.').Split('.')[^1].All(char.IsAsciiDigit)
        ? host
        : throw new FormatException($"'{host}' is neither a host name nor an address");
}
