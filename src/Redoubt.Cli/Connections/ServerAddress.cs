using System.Net;
using Redoubt.Cli.CommandLine;

namespace Redoubt.Cli.Connections;

/// <summary>Finds the server's URL in the options.</summary>
internal static class ServerAddress
{
    /// <exception cref="UsageException">It is no address, or plain HTTP to another machine.</exception>
    public static Uri Of(GlobalOptions options)
    {
        var server = options.Server ?? "127.0.0.1";
        var isUrl = server.Contains("://", StringComparison.Ordinal);
        var scheme = options.NoSsl ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        if (!isUrl && IPAddress.TryParse(server, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            server = $"[{address}]";
        }

        if (!Uri.TryCreate(isUrl ? server : $"{scheme}://{server}", UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps)
            || url.PathAndQuery != "/"
            || url.UserInfo.Length > 0)
        {
            throw new UsageException($"-s must be a host name, an address, or a URL such as http://127.0.0.1:8801, not '{server}'.");
        }

        if (options.NoSsl && url.Scheme == Uri.UriSchemeHttps)
        {
            throw new UsageException("--nossl contradicts the https:// of -s.");
        }

        if (url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback)
        {
            throw new UsageException($"Plain HTTP would send the password to {url.Host} for everyone to read. It is allowed to this machine only; leave --nossl out, or write https://.");
        }

        return options.Port is { } port ? new UriBuilder(url) { Port = port }.Uri : url;
    }
}
