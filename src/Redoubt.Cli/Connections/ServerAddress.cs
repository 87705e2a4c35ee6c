using Redoubt.Cli.CommandLine;
using Redoubt.XenApi;

namespace Redoubt.Cli.Connections;

/// <summary>Finds the server's URL in the options.</summary>
internal static class ServerAddress
{
    /// <exception cref="UsageException">It is no address, its port is given twice, or it is plain HTTP to another machine.</exception>
    public static Uri Of(GlobalOptions options)
    {
        var server = options.Server ?? "127.0.0.1";
        var (url, hasPort) = Read(server, options.NoSsl ? Uri.UriSchemeHttp : Uri.UriSchemeHttps);
        if (options.NoSsl && url.Scheme == Uri.UriSchemeHttps)
        {
            throw new UsageException("--nossl contradicts the https:// of -s.");
        }

        if (url.Scheme == Uri.UriSchemeHttp && !url.IsLoopback)
        {
            throw new UsageException(
                $"Plain HTTP would send the password to {url.Host} for everyone to read. It is allowed to this machine only; leave --nossl "
                    + "out, or write https://.");
        }

        return (options.Port, hasPort) switch
        {
            (null, _) => url,
            (_, true) => throw new UsageException(
                $"The port is given twice: in -s {server}, and by -p {options.Port}. Give it once; nothing was sent."),
            ({ } port, _) => new UriBuilder(url) { Port = port }.Uri,
        };
    }

    private static PoolAddress Read(string server, string scheme)
    {
        try
        {
            return PoolAddress.Read(server, scheme);
        }
        catch (FormatException wrong)
        {
            throw new UsageException(
                "-s must be a host name, an address, or a URL such as http://127.0.0.1:8801, each with or without a port "
                    + $"([::1]:8443): {wrong.Message}.");
        }
    }
}
