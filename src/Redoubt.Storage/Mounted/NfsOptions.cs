namespace Redoubt.Storage.Mounted;

/// <summary>
/// The mount options that somebody at a distance may choose: how the server is reached and what is kept of its answers, and nothing that
/// concerns this host.
/// </summary>
internal static class NfsOptions
{
    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "ac", "acdirmax", "acdirmin", "acregmax", "acregmin", "actimeo", "cto", "hard", "local_lock", "lock", "lookupcache",
        "max_connect", "minorversion", "mountport", "mountproto", "mountvers", "namlen", "nconnect", "noac", "nocto", "nolock",
        "noresvport", "nosharecache", "port", "proto", "rdma", "resvport", "retrans", "retry", "rsize", "sec", "sharecache", "soft",
        "softerr", "softreval", "tcp", "timeo", "udp", "wsize",
    };

    /// <summary>The options, each after a comma.</summary>
    /// <exception cref="XenApi.XenApiException">One is none of them.</exception>
    public static string Parse(string? options)
    {
        if (string.IsNullOrEmpty(options))
            return "";
        foreach (var option in options.Split(','))
        {
            var (name, value) = option.Split('=', 2) is [var before, var after] ? (before, after) : (option, "");
            if (!Names.Contains(name) || !value.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or ':' or '-'))
            {
                throw SrFailure.Backend(
                    SrFailure.InvalidArgument,
                    $"device-config:options holds '{XenApi.XmlText.Clean(option)}', which is not taken: "
                    + "give options of nfs(5) that concern the server, as in \"proto=tcp,nconnect=4\".");
            }
        }

        return $",{options}";
    }
}
