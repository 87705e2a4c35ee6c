using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Redoubt.XenApi;

namespace Redoubt.Server.Directories;

/// <summary>
/// Where a directory is and how its entries are read: what an administrator gives to <c>pool.enable_external_auth</c>. All of it is kept in
/// the host's record but the password, which is kept beside the database.
/// </summary>
internal sealed record DirectoryConfig
{
    public const string Ldap = "LDAP";

    public const string ActiveDirectory = "AD";

    /// <summary>The key of the password in what an administrator gives, as in xapi.</summary>
    public const string PasswordKey = "pass";

    private static readonly string[] Keys = ["server", "base-dn", "user", PasswordKey, "name-attribute"];

    public required string Host { get; init; }

    public required int Port { get; init; }

    public required bool IsSecure { get; init; }

    /// <summary>The entry below which users and groups are looked for.</summary>
    public required string BaseDn { get; init; }

    /// <summary>The name of the account that looks entries up; empty to look anonymously.</summary>
    public required string BindDn { get; init; }

    public required bool IsActiveDirectory { get; init; }

    /// <summary>The attribute that holds the name people log in with.</summary>
    public required string NameAttribute { get; init; }

    /// <summary>Reads what an administrator gives.</summary>
    /// <exception cref="XenApiException"><c>INVALID_VALUE</c>, <c>AUTH_UNKNOWN_TYPE</c>.</exception>
    public static DirectoryConfig Parse(string authType, ImmutableSortedDictionary<string, string> config)
    {
        if (authType is not (Ldap or ActiveDirectory))
        {
            throw new XenApiException("AUTH_UNKNOWN_TYPE", authType);
        }

        // The key only: the value of a mistyped "pass" is still a password.
        if (config.Keys.FirstOrDefault(k => !Keys.Contains(k)) is { } unknown)
        {
            throw new XenApiException("INVALID_VALUE", "config", unknown);
        }

        var server = config.GetValueOrDefault("server", "");
        if (!Uri.TryCreate(server.Contains("://", StringComparison.Ordinal) ? server : "ldaps://" + server, UriKind.Absolute, out var url)
            || url.Scheme is not ("ldap" or "ldaps") || url.Host.Length == 0)
        {
            throw new XenApiException("INVALID_VALUE", "config:server", server);
        }

        var isSecure = url.Scheme == "ldaps";
        if (!isSecure && !(IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address)))
        {
            throw new XenApiException("INVALID_VALUE", "config:server", $"{server}: passwords go to another machine by ldaps:// only");
        }

        var isActiveDirectory = authType == ActiveDirectory;
        return new()
        {
            Host = url.Host,
            Port = url.Port > 0 ? url.Port : isSecure ? 636 : 389,
            IsSecure = isSecure,
            BaseDn = config.GetValueOrDefault("base-dn") is { Length: > 0 } dn
                ? dn
                : throw new XenApiException("INVALID_VALUE", "config:base-dn", ""),
            BindDn = config.GetValueOrDefault("user", ""),
            IsActiveDirectory = isActiveDirectory,
            NameAttribute = Attribute(config.GetValueOrDefault("name-attribute", isActiveDirectory ? "sAMAccountName" : "uid")),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsSecure ? "ldaps" : "ldap")}://{Host}:{Port}");

    // It is put into a filter as it is, and so must be nothing but a name.
    private static string Attribute(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')
        ? name
        : throw new XenApiException("INVALID_VALUE", "config:name-attribute", name);
}
